package rest

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// fakeWebhooks keeps what it is given, and takes no address at home.
type fakeWebhooks struct {
	mu   sync.Mutex
	kept map[uuid.UUID][2]string
}

func (*fakeWebhooks) CheckWebhook(_ context.Context, url string) error {
	if !strings.HasPrefix(url, "https://") || strings.Contains(url, "//home") {
		return &crm.Error{Kind: crm.KindInvalid, Op: "alert.check", Message: "its host is not on the public Internet"}
	}
	return nil
}

func (f *fakeWebhooks) SetWebhook(_ context.Context, workspace uuid.UUID, url, secret string, _ AuditRow) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = map[uuid.UUID][2]string{workspace: {url, secret}}
	return nil
}

func (f *fakeWebhooks) Webhook(_ context.Context, workspace uuid.UUID) (url string, since time.Time, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if kept, ok := f.kept[workspace]; ok {
		return kept[0], time.Now(), nil
	}
	return "", time.Time{}, &crm.Error{Kind: crm.KindNotFound}
}

func (f *fakeWebhooks) DropWebhook(ctx context.Context, workspace uuid.UUID, _ AuditRow) error {
	_, _, err := f.Webhook(ctx, workspace)
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.kept, workspace)
	return err
}

// FEATURES: S06
func TestAlertsGoWhereAnAdminSays(t *testing.T) {
	t.Parallel()
	hooks := &fakeWebhooks{}
	b := setup(t, func(s *Server) { s.Webhooks = hooks })
	b.ask(t, http.MethodGet, "/v1/alerts", "").problem(http.StatusNotFound, "not_found")

	first := read[NewAlerts](b.ask(t, http.MethodPut, "/v1/alerts", `{"url": "https://a.example/x"}`), http.StatusOK)
	second := read[NewAlerts](b.ask(t, http.MethodPut, "/v1/alerts", `{"url": "https://b.example/x"}`), http.StatusOK)
	require.Len(t, first.Secret, 52)
	require.NotEqual(t, first.Secret, second.Secret)
	require.Equal(t, [2]string{"https://b.example/x", second.Secret}, hooks.kept[b.tenant.ID])
	got := b.ask(t, http.MethodGet, "/v1/alerts", "")
	require.Equal(t, "https://b.example/x", read[Alerts](got, http.StatusOK).URL)
	require.NotContains(t, got.Body.String(), second.Secret)

	p := b.ask(t, http.MethodPut, "/v1/alerts", `{"url": "https://home/"}`).problem(http.StatusUnprocessableEntity, "alert_url_invalid")
	require.Contains(t, p.Detail, "its host is not on the public Internet.")
	for _, body := range []string{`{}`, `{"url": ""}`, `{"url": 1}`, `{"url": "https://a.example/` + strings.Repeat("x", 2000) + `"}`, `{"url": "https://a.example", "secret": "mine"}`} {
		b.ask(t, http.MethodPut, "/v1/alerts", body).problem(http.StatusBadRequest, "request_invalid")
	}
	owner := b.tenant
	b.tenant = b.newTenant(t)
	b.ask(t, http.MethodGet, "/v1/alerts", "").problem(http.StatusNotFound, "not_found")
	b.ask(t, http.MethodDelete, "/v1/alerts", "").problem(http.StatusNotFound, "not_found")
	b.tenant = owner
	require.Equal(t, http.StatusNoContent, b.ask(t, http.MethodDelete, "/v1/alerts", "").Code)
	b.ask(t, http.MethodGet, "/v1/alerts", "").problem(http.StatusNotFound, "not_found")
}
