package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
)

// The headers of an alert beside its body.
const (
	HeaderSignature = "Lockstep-Signature" // t=<unix seconds>,v1=<hex of the HMAC>
	HeaderEvent     = "Lockstep-Event"     // the event's id: the same when it is sent again
)

// timeout bounds a request, from resolving the name to the status of the answer.
const timeout = 10 * time.Second

// Event is what happened. It goes to a stranger's server, so that it holds no
// record's values and nothing of a login.
type Event struct {
	ID         uuid.UUID `json:"id"`   // the same when it is sent again
	Type       string    `json:"type"` // such as "connection.unauthorized"
	At         time.Time `json:"at"`
	Workspace  uuid.UUID `json:"workspace_id"`
	Connection uuid.UUID `json:"connection_id"`
	Vendor     string    `json:"vendor"`
	Status     string    `json:"status"` // of the connection
	Reason     string    `json:"reason"` // in plain language
	Fix        string    `json:"fix"`
}

// Target is where a workspace wants to be told, and what it is signed with.
type Target struct {
	URL    string
	Secret []byte
}

// AAD is what the secret of a workspace's target is sealed together with.
func AAD(workspace uuid.UUID) []byte { return []byte("alerts|" + workspace.String()) }

// Sender sends alerts. It is safe for concurrent use.
type Sender struct {
	client *http.Client
	now    func() time.Time
}

// NewSender returns a Sender that sends where guard lets it. A nil config trusts
// the machine's certificate authorities.
func NewSender(guard Guard, config *tls.Config) *Sender {
	dialer := &net.Dialer{Timeout: timeout, Control: guard.control}
	return &Sender{now: time.Now, client: &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{ // no proxy: it would resolve the name anew
			DialContext: dialer.DialContext, TLSClientConfig: config, ForceAttemptHTTP2: true,
			DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Send tells target of e, once. It may be repeated: the event keeps its id. It
// returns an Error of KindInvalid when repeating is of no use, because the
// address may not be sent to or the server does not want it, and of
// KindUnavailable otherwise.
func (s *Sender) Send(ctx context.Context, target Target, e Event) error {
	if _, err := hostOf(target.URL); err != nil {
		return err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("writing an alert: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.URL, bytes.NewReader(body))
	if err != nil {
		return refuse("it is not an address")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Lockstep")
	req.Header.Set(HeaderEvent, e.ID.String())
	req.Header.Set(HeaderSignature, Sign(target.Secret, s.now(), body))
	resp, err := s.client.Do(req)
	if err != nil {
		return undelivered(err)
	}
	defer resp.Body.Close()
	return statusError(resp.StatusCode)
}

// Sign returns the signature of a body at a moment: whoever has the secret makes
// it again of "<t>.<body>", compares, and refuses a moment long past.
func Sign(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// undelivered says what a failure to reach a server means. The text of the
// failure has the address, which may hold a secret, so it is only a cause.
func undelivered(err error) error {
	if errors.Is(err, errNotPublic) {
		return refuse("its host is not on the public Internet")
	}
	return &crm.Error{Kind: crm.KindUnavailable, Op: "alert.send", Err: err}
}

// statusError says what a status means: a server that has trouble or is busy may
// be asked again.
func statusError(status int) error {
	e := &crm.Error{Op: "alert.send", Code: strconv.Itoa(status)}
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		e.Kind = crm.KindUnavailable
	default: // a redirect too: it is not followed
		e.Kind = crm.KindInvalid
	}
	return e
}
