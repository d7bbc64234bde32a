package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
)

var _ adapter.TokenSource = (*oauth.Tokens)(nil)

// row is Grants of one connection: a row with a lock, as many processes share.
type row struct {
	// arrive, when set, is called by each Update before it waits for the lock,
	// or, without the lock, between reading and calling next.
	arrive   func()
	unlocked bool // what there would be without the row lock

	lock sync.Mutex // the row's

	updates atomic.Int32

	mu      sync.Mutex
	grant   oauth.Grant
	writes  int
	failing int   // how many writes are to fail from now on
	err     error // what every Update fails with
}

// Update implements oauth.Grants.
func (r *row) Update(ctx context.Context, _, _ uuid.UUID, next func(oauth.Grant) (oauth.Grant, error)) error {
	current := r.stored()
	if r.arrive != nil {
		r.arrive()
	}
	if !r.unlocked {
		r.lock.Lock()
		defer r.lock.Unlock()
		current = r.stored()
	}
	r.updates.Add(1)
	if r.err != nil {
		return r.err
	}
	grant, err := next(current)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.write(current, grant)
}

func (r *row) write(current, grant oauth.Grant) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if grant.AccessToken.Reveal() == current.AccessToken.Reveal() {
		return nil
	}
	if r.failing > 0 {
		r.failing--
		return &crm.Error{Kind: crm.KindUnavailable, Op: "store.update_grant"}
	}
	r.grant = grant
	r.writes++
	return nil
}

func (r *row) stored() oauth.Grant {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.grant
}

// rotating makes e answer each refresh token once, with the next pair.
func rotating(e *endpoint) {
	valid, n := "refresh-1", 1
	e.answer = func(form url.Values) (int, http.Header, any) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if form.Get("refresh_token") != valid {
			return http.StatusBadRequest, nil, map[string]any{"error": "invalid_grant", "error_description": planted}
		}
		n++
		valid = fmt.Sprintf("refresh-%d", n)
		return http.StatusOK, nil, answer(map[string]any{
			"access_token": fmt.Sprintf("access-%d", n), "refresh_token": valid, "scope": nil, "instance_url": nil,
		})
	}
}

func first() oauth.Grant {
	return oauth.Grant{
		AccessToken: secret.NewText("access-1"), RefreshToken: secret.NewText("refresh-1"),
		BaseURL: "https://acme.my.salesforce.com", Scopes: []string{"api"},
	}
}

// worker returns a process's view of the one connection.
func worker(vendors *oauth.Vendors, grants oauth.Grants) *oauth.Tokens {
	clients := &oauth.Clients{Vendors: vendors, Grants: grants}
	return clients.For(crm.Salesforce, uuid.Nil, uuid.Nil)
}

// eight lets eight workers, each with a token that was refused, meet at one
// grant. The endpoint answers nobody before all eight have come for it.
func eight(t *testing.T, grants *row) (e *endpoint, tokens []string, errs []error) {
	t.Helper()

	const workers = 8
	e = newEndpoint(t)
	rotating(e)
	all := make(chan struct{})
	var arrived atomic.Int32
	grants.grant = first()
	grants.arrive = func() {
		if arrived.Add(1) == workers {
			close(all)
		}
	}
	answerAll := e.answer
	e.answer = func(form url.Values) (int, http.Header, any) {
		<-all
		return answerAll(form)
	}

	tokens, errs = make([]string, workers), make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { tokens[i], errs[i] = worker(e.vendors(), grants).Token(t.Context(), "access-1") })
	}
	wg.Wait()
	return e, tokens, errs
}

// FEATURES: V05
func TestEightWorkersRefreshOnce(t *testing.T) {
	t.Parallel()

	grants := &row{}
	e, tokens, errs := eight(t, grants)
	require.NoError(t, errors.Join(errs...))
	for _, token := range tokens {
		require.Equal(t, "access-2", token)
	}
	require.Len(t, e.calls(), 1)
	require.Equal(t, "refresh_token", e.calls()[0].Get("grant_type"))
	require.Equal(t, "refresh-2", grants.stored().RefreshToken.Reveal())
	require.Equal(t, "https://acme.my.salesforce.com", grants.stored().BaseURL)
	require.Equal(t, []string{"api"}, grants.stored().Scopes)
	require.Equal(t, 1, grants.writes)
}

// The test above would be worth nothing if it passed without the lock.
func TestWithoutTheRowLockAllEightRefresh(t *testing.T) {
	t.Parallel()

	e, _, _ := eight(t, &row{unlocked: true})
	require.Len(t, e.calls(), 8)
}

func TestCallersInOneProcessShareARenewal(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		grants := &row{grant: first()}
		release := make(chan struct{})
		vendors, calls := scripted(func(r *http.Request) (*http.Response, error) {
			<-release
			return respond(r, http.StatusOK, answer(map[string]any{"access_token": "access-2"}))
		})
		tokens := worker(vendors, grants)

		got := make([]string, 30)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() { got[i], _ = tokens.Token(t.Context(), "access-1") })
		}
		synctest.Wait() // all thirty wait
		close(release)
		wg.Wait()
		for _, token := range got {
			require.Equal(t, "access-2", token)
		}
		require.Equal(t, int32(1), calls.Load())
		require.Equal(t, int32(1), grants.updates.Load(), "one row lock for thirty callers")
	})
}

func TestTokenIsReadOnceAndRemembered(t *testing.T) {
	t.Parallel()

	e, grants := newEndpoint(t), &row{grant: first()}
	tokens := worker(e.vendors(), grants)
	for range 3 {
		token, err := tokens.Token(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, "access-1", token)
	}
	token, err := tokens.Token(t.Context(), "an older one")
	require.NoError(t, err)
	require.Equal(t, "access-1", token, "somebody has renewed it since")
	require.Equal(t, int32(1), grants.updates.Load())
	require.Empty(t, e.calls())
}

func TestWhatAnotherWorkerStoredIsUsed(t *testing.T) {
	t.Parallel()

	e, grants := newEndpoint(t), &row{grant: first()}
	tokens := worker(e.vendors(), grants)
	_, err := tokens.Token(t.Context(), "")
	require.NoError(t, err)

	newer := first()
	newer.AccessToken = secret.NewText("access-9")
	grants.grant = newer
	token, err := tokens.Token(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "access-9", token)
	require.Empty(t, e.calls())
}

// FEATURES: V05
func TestRenewedTokenIsStoredBeforeItIsUsed(t *testing.T) {
	t.Parallel()

	e, grants := newEndpoint(t), &row{grant: first(), failing: 2}
	rotating(e)
	tokens := worker(e.vendors(), grants)
	token, err := tokens.Token(t.Context(), "access-1")
	requireKind(t, crm.KindUnavailable, err)
	require.Empty(t, token, "what nobody could keep nobody uses")
}

func TestRenewedTokenIsStoredAtTheSecondAttempt(t *testing.T) {
	t.Parallel()

	e, grants := newEndpoint(t), &row{grant: first(), failing: 1}
	rotating(e)
	token, err := worker(e.vendors(), grants).Token(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "access-2", token)
	require.Equal(t, "refresh-2", grants.stored().RefreshToken.Reveal(), "the first one is dead")
	require.Len(t, e.calls(), 1)
}

func TestDeadGrantNeedsAPerson(t *testing.T) {
	t.Parallel()

	for _, code := range []string{"invalid_grant", "OAUTH_APP_BLOCKED", "inactive_user"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()

			e, grants := newEndpoint(t), &row{grant: first()}
			e.will(http.StatusBadRequest, nil, map[string]any{"error": code, "error_description": planted})
			_, err := worker(e.vendors(), grants).Token(t.Context(), "access-1")
			require.Equal(t, code, requireKind(t, crm.KindUnauthorized, err).Code)
			require.Len(t, e.calls(), 1)
		})
	}
}

func TestDeadGrantIsReadAgainBeforeItIsGivenUp(t *testing.T) {
	t.Parallel()

	e, grants := newEndpoint(t), &row{grant: first()}
	e.answer = func(url.Values) (int, http.Header, any) {
		newer := first() // as when the lock was lost, and with it the race
		newer.AccessToken, newer.RefreshToken = secret.NewText("access-9"), secret.NewText("refresh-9")
		grants.mu.Lock()
		defer grants.mu.Unlock()
		grants.grant = newer
		return http.StatusBadRequest, nil, map[string]any{"error": "invalid_grant"}
	}
	token, err := worker(e.vendors(), grants).Token(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "access-9", token)
}

func TestTroubleOfTheEndpointIsNotALostGrant(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		status int
		header http.Header
		body   any
		want   crm.Kind
		wait   time.Duration
	}{
		"too many calls":        {429, http.Header{"Retry-After": {"30"}}, planted, crm.KindRateLimited, 30 * time.Second},
		"too many, as a code":   {400, nil, map[string]any{"error": "rate_limit_exceeded"}, crm.KindRateLimited, 0},
		"too many, in words":    {400, nil, dying("login rate exceeded"), crm.KindRateLimited, 0},
		"too many, as a title":  {403, nil, dying("LOGIN_RATE_EXCEEDED"), crm.KindRateLimited, 0},
		"too many at once":      {400, nil, dying("token request is already being processed"), crm.KindRateLimited, 0},
		"too many, with a wait": {400, http.Header{"Retry-After": {"9"}}, dying("Rate limit exceeded"), crm.KindRateLimited, 9 * time.Second},
		"down":                  {503, http.Header{"Retry-After": {"7"}}, planted, crm.KindUnavailable, 7 * time.Second},
		"down, saying dead":     {500, nil, map[string]any{"error": "invalid_grant"}, crm.KindUnavailable, 0},
		"our secret is wrong":   {400, nil, map[string]any{"error": "invalid_client", "error_description": planted}, crm.KindUnavailable, 0},
		"a code nobody knows":   {400, nil, map[string]any{"error": "unknown_error"}, crm.KindUnavailable, 0},
		"a sentence for a code": {400, nil, map[string]any{"error": planted + " of somebody"}, crm.KindUnavailable, 0},
		"not JSON":              {200, nil, planted, crm.KindUnavailable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			e, grants := newEndpoint(t), &row{grant: first()}
			e.will(test.status, test.header, test.body)
			_, err := worker(e.vendors(), grants).Token(t.Context(), "access-1")
			require.Equal(t, test.wait, requireKind(t, test.want, err).RetryAfter)
			require.Equal(t, "refresh-1", grants.stored().RefreshToken.Reveal())
			require.Len(t, e.calls(), 1, "no retry here")
		})
	}
}

// dying is the body of an answer that speaks of a dead grant, and says more.
func dying(description string) map[string]any {
	return map[string]any{"error": "invalid_grant", "error_description": description}
}

func TestNoGrantNeedsAPerson(t *testing.T) {
	t.Parallel()

	e := newEndpoint(t)
	grants := &row{err: &crm.Error{Kind: crm.KindNotFound, Op: "store.update_grant"}}
	_, err := worker(e.vendors(), grants).Token(t.Context(), "")
	requireKind(t, crm.KindUnauthorized, err)

	withoutRefresh := first()
	withoutRefresh.RefreshToken = secret.Text{}
	_, err = worker(e.vendors(), &row{grant: withoutRefresh}).Token(t.Context(), "access-1")
	requireKind(t, crm.KindUnauthorized, err)
	require.Empty(t, e.calls())
}

func TestMissingAppIsNotALostGrant(t *testing.T) {
	t.Parallel()

	vendors := newEndpoint(t).vendors()
	vendors.Apps = nil
	_, err := worker(vendors, &row{grant: first()}).Token(t.Context(), "access-1")
	requireKind(t, crm.KindUnavailable, err)
}

func TestRefreshNamingAForeignHostKeepsTheOldOne(t *testing.T) {
	t.Parallel()

	for named, want := range map[string]string{
		"https://evil.example.com":        "https://acme.my.salesforce.com",
		"https://moved.my.salesforce.com": "https://moved.my.salesforce.com",
	} {
		e, grants := newEndpoint(t), &row{grant: first()}
		e.will(http.StatusOK, nil, answer(map[string]any{"access_token": "access-2", "instance_url": named}))
		_, err := worker(e.vendors(), grants).Token(t.Context(), "access-1")
		require.NoError(t, err)
		require.Equal(t, want, grants.stored().BaseURL)
	}
}

func TestTokenIsRenewedBeforeItEnds(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		status := http.StatusOK
		vendors, calls := scripted(func(r *http.Request) (*http.Response, error) {
			return respond(r, status, answer(map[string]any{"access_token": "access-2", "expires_in": 1800}))
		})
		grant := first()
		grant.IssuedAt, grant.ExpiresAt = time.Now(), time.Now().Add(30*time.Minute)
		grants := &row{grant: grant}
		tokens := worker(vendors, grants)
		get := func(want string) {
			t.Helper()
			token, err := tokens.Token(t.Context(), "")
			require.NoError(t, err)
			require.Equal(t, want, token)
		}

		get("access-1")
		wait(t, 28*time.Minute+59*time.Second)
		get("access-1")
		require.Zero(t, calls.Load())

		status = http.StatusServiceUnavailable
		wait(t, 2*time.Second) // less than a minute is left
		get("access-1")
		get("access-1")
		require.Equal(t, int32(1), calls.Load(), "renewed in vain; what is left is used")
		wait(t, 10*time.Second)
		get("access-1")
		require.Equal(t, int32(2), calls.Load(), "tried again when it had been left alone for a while")

		wait(t, 44*time.Second)
		get("access-1")
		wait(t, 5*time.Second) // nothing is left, and it was tried just now
		_, err := tokens.Token(t.Context(), "")
		requireKind(t, crm.KindUnavailable, err)

		status = http.StatusOK
		get("access-2")
		wait(t, 28*time.Minute)
		get("access-2")
		require.Equal(t, int32(5), calls.Load())
	})
}

func TestRenewalOutlivesItsCaller(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		vendors, _ := scripted(func(r *http.Request) (*http.Response, error) {
			select {
			case <-release:
				return respond(r, http.StatusOK, answer(map[string]any{"access_token": "access-2", "refresh_token": "refresh-2"}))
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		grants := &row{grant: first()}
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := worker(vendors, grants).Token(ctx, "access-1")
			failed <- err
		}()
		synctest.Wait() // the call is out
		cancel()
		require.ErrorIs(t, <-failed, context.Canceled, "the caller is let go at once")

		close(release)
		synctest.Wait()
		require.Equal(t, "refresh-2", grants.stored().RefreshToken.Reveal(), "what the vendor gave is kept")
	})
}

func TestSilentEndpointIsGivenTenSeconds(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		vendors, _ := scripted(silence)
		began := time.Now()
		_, err := worker(vendors, &row{grant: first()}).Token(t.Context(), "access-1")
		requireKind(t, crm.KindUnavailable, err)
		require.Equal(t, 10*time.Second, time.Since(began))
	})
}

func TestLockThatComesTooLateIsNotUsed(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		vendors, calls := scripted(silence)
		grants := &row{grant: first(), arrive: func() { wait(t, 20*time.Second) }}
		_, err := worker(vendors, grants).Token(t.Context(), "access-1")
		requireKind(t, crm.KindUnavailable, err)
		require.Zero(t, calls.Load(), "what it brought might not be kept")
	})
}

// wait lets the bubble's clock go on.
func wait(t *testing.T, d time.Duration) {
	t.Helper()

	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}
