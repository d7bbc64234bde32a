package adapter_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

// tokens hands out the tokens given, the next one whenever the last is stale.
type tokens struct {
	mu     sync.Mutex
	list   []string
	asked  []string // the stale tokens it was shown
	broken error    // returned when a newer token is wanted
}

func (t *tokens) Token(_ context.Context, stale string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()

	t.asked = append(t.asked, stale)
	if stale != "" && t.broken != nil {
		return "", t.broken
	}
	if stale != "" && stale == t.list[0] && len(t.list) > 1 {
		t.list = t.list[1:]
	}
	return t.list[0], nil
}

// received is what a vendor saw of one call.
type received struct {
	token, body string
}

// vendor accepts the one token and remembers every call.
func vendor(t *testing.T, accepted string) (base string, calls func() []received) {
	t.Helper()

	var mu sync.Mutex
	var seen []received
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		mu.Lock()
		seen = append(seen, received{token, string(body)})
		mu.Unlock()
		if token != accepted {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, "answer")
	}))
	t.Cleanup(srv.Close)
	return srv.URL, func() []received {
		mu.Lock()
		defer mu.Unlock()
		return append([]received(nil), seen...)
	}
}

// answer is what came back of a call, read to its end.
type answer struct {
	status int
	path   string // of the URL that answered
	body   string
}

// send makes a call with a body, if it is one that changes something.
func send(ctx context.Context, t *testing.T, client *http.Client, method, url string) (answer, error) {
	t.Helper()

	var body io.Reader = http.NoBody
	if method != http.MethodGet {
		body = strings.NewReader("body")
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	require.NoError(t, err)
	return do(client, req)
}

func do(client *http.Client, req *http.Request) (answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Request.URL.Path, string(body)}, err
}

func patch(ctx context.Context, t *testing.T, client *http.Client, url string) (answer, error) {
	t.Helper()

	return send(ctx, t, client, http.MethodPatch, url)
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	t.Parallel()

	base, calls := vendor(t, "new")
	source := &tokens{list: []string{"old", "new"}}
	got, err := patch(t.Context(), t, adapter.Client(http.DefaultTransport, adapter.Chain{Tokens: source}), base)

	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, []received{{"old", "body"}, {"new", "body"}}, calls())
	require.Equal(t, []string{"", "old"}, source.asked)
}

func TestSecondRefusalIsTheAnswer(t *testing.T) {
	t.Parallel()

	base, calls := vendor(t, "neither")
	got, err := patch(t.Context(), t, adapter.Client(http.DefaultTransport, adapter.Chain{Tokens: &tokens{list: []string{"old", "new"}}}), base)

	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, got.status)
	require.Len(t, calls(), 2)
}

func TestBodyThatCannotBeReadAgainIsNotRepeated(t *testing.T) {
	t.Parallel()

	base, calls := vendor(t, "new")
	client := adapter.Client(http.DefaultTransport, adapter.Chain{Tokens: &tokens{list: []string{"old", "new"}}})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, base, io.MultiReader(strings.NewReader("body")))
	require.NoError(t, err)
	got, err := do(client, req)

	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, got.status)
	require.Len(t, calls(), 1)
}

func TestDeadGrantReachesTheCaller(t *testing.T) {
	t.Parallel()

	base, _ := vendor(t, "new")
	dead := &crm.Error{Kind: crm.KindUnauthorized, Op: "oauth.refresh"}
	_, err := patch(t.Context(), t, adapter.Client(http.DefaultTransport, adapter.Chain{Tokens: &tokens{list: []string{"old"}, broken: dead}}), base)

	require.Equal(t, crm.KindUnauthorized, crm.KindOf(adapter.LostWrite(t.Context(), "v.write", err)))
}

func TestLostRefreshLeavesTheCallUnapplied(t *testing.T) {
	t.Parallel()

	for name, broken := range map[string]error{
		"of the vendor": &crm.Error{Kind: crm.KindUnknown, Op: "oauth.refresh"},
		"of ours":       errors.New("database is gone"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			base, _ := vendor(t, "new")
			_, err := patch(t.Context(), t, adapter.Client(http.DefaultTransport, adapter.Chain{Tokens: &tokens{list: []string{"old"}, broken: broken}}), base)

			require.Equal(t, crm.KindUnavailable, crm.KindOf(adapter.LostWrite(t.Context(), "v.write", err)))
		})
	}
}

func TestWithoutTokenSendsNone(t *testing.T) {
	t.Parallel()

	base, calls := vendor(t, "never")
	source := &tokens{list: []string{"secret"}}
	got, err := patch(adapter.WithoutToken(t.Context()), t, adapter.Client(http.DefaultTransport, adapter.Chain{Tokens: source}), base)

	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, got.status)
	require.Equal(t, []received{{"", "body"}}, calls())
	require.Empty(t, source.asked)
}
