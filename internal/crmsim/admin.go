package crmsim

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Admin serves the administration endpoints of the given vendors, below
// /_sim/<vendor>, and that of their clock, /_sim/clock. README.md lists them.
func Admin(vendors ...Vendor) http.Handler {
	mux := http.NewServeMux()
	names := make([]string, 0, len(vendors))
	var times clocks
	for _, v := range vendors {
		names = append(names, v.Name)
		mount(mux, v)
		if !slices.Contains(times, v.Rig.Clock) {
			times = append(times, v.Rig.Clock)
		}
	}
	slices.Sort(names)
	if len(times) > 0 {
		mux.HandleFunc("GET /_sim/clock", times.show)
		mux.HandleFunc("POST /_sim/clock", times.advance)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/_sim/"), "/")
		problem := fmt.Sprintf("no such vendor %q; known: %s", name, strings.Join(names, ", "))
		if slices.Contains(names, name) {
			problem = "no such endpoint: " + r.Method + " " + r.URL.Path
		}
		fail(w, http.StatusNotFound, errors.New(problem))
	})
	return mux
}

func mount(mux *http.ServeMux, v Vendor) {
	a := &admin{vendor: v}
	routes := map[string]http.HandlerFunc{
		"GET /records":         a.records,
		"POST /records":        a.seed,
		"DELETE /records":      a.empty,
		"DELETE /records/{id}": a.delete,
		"POST /merge":          a.merge,
		"POST /fields/drop":    a.dropField,
		"GET /calls":           a.calls,
		"GET /stats":           a.stats,
		"GET /faults":          a.faults,
		"POST /faults":         a.addFault,
		"DELETE /faults":       a.clearFaults,
		"POST /heal":           a.heal,
		"POST /revoke":         a.revoke,
		"POST /expire":         a.expire,
		"GET /limits":          a.limits,
		"PUT /limits":          a.setLimits,
		"PUT /scopes":          a.withhold,
	}
	maps.Copy(routes, v.Actions)
	for pattern, handle := range routes {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /_sim/"+v.Name+path, handle)
	}
}

// admin is the administration of one vendor.
type admin struct{ vendor Vendor }

func (a *admin) records(w http.ResponseWriter, r *http.Request) {
	account := r.URL.Query().Get("account")
	lines := newLines(w)
	for record := range a.vendor.Book.Records(r.URL.Query().Get("object"), true) {
		if account == "" || account == record.Account {
			lines.write(record)
		}
	}
	lines.end()
}

func (a *admin) seed(w http.ResponseWriter, r *http.Request) {
	var seeds []Seed
	if !Decode(w, r, &seeds) {
		return
	}
	ids, err := a.vendor.Book.Seed(seeds)
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	Reply(w, http.StatusCreated, map[string][]string{"ids": ids})
}

func (a *admin) empty(w http.ResponseWriter, _ *http.Request) {
	a.vendor.Book.Empty()
	w.WriteHeader(http.StatusNoContent)
}

func (a *admin) delete(w http.ResponseWriter, r *http.Request) {
	Done(w, a.vendor.Book.Delete(r.PathValue("id")))
}

func (a *admin) merge(w http.ResponseWriter, r *http.Request) {
	var in struct{ Winner, Loser string }
	if Decode(w, r, &in) {
		Done(w, a.vendor.Book.Merge(in.Winner, in.Loser))
	}
}

func (a *admin) dropField(w http.ResponseWriter, r *http.Request) {
	var in struct{ Object, Field string }
	if Decode(w, r, &in) {
		Done(w, a.vendor.Book.DropField(in.Object, in.Field))
	}
}

func (a *admin) calls(w http.ResponseWriter, r *http.Request) {
	kind := CallKind(r.URL.Query().Get("kind"))
	lines := newLines(w)
	for _, call := range a.vendor.Rig.Calls.All() {
		if kind == "" || kind == call.Kind {
			lines.write(call)
		}
	}
	lines.end()
}

func (a *admin) stats(w http.ResponseWriter, _ *http.Request) {
	Reply(w, http.StatusOK, Count(a.vendor))
}

func (a *admin) faults(w http.ResponseWriter, _ *http.Request) {
	Reply(w, http.StatusOK, a.vendor.Rig.Script.Status())
}

func (a *admin) addFault(w http.ResponseWriter, r *http.Request) {
	var in struct{ Spec string }
	if !Decode(w, r, &in) {
		return
	}
	fault, err := ParseFault(in.Spec)
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	a.vendor.Rig.Script.Add(fault)
	Reply(w, http.StatusCreated, a.vendor.Rig.Script.Status())
}

func (a *admin) clearFaults(w http.ResponseWriter, _ *http.Request) {
	a.vendor.Rig.Script.Clear()
	w.WriteHeader(http.StatusNoContent)
}

func (a *admin) heal(w http.ResponseWriter, _ *http.Request) {
	a.vendor.Rig.Script.Heal()
	w.WriteHeader(http.StatusNoContent)
}

func (a *admin) revoke(w http.ResponseWriter, _ *http.Request) {
	a.vendor.Grants.RevokeAll()
	w.WriteHeader(http.StatusNoContent)
}

func (a *admin) expire(w http.ResponseWriter, _ *http.Request) {
	a.vendor.Grants.ExpireAll()
	w.WriteHeader(http.StatusNoContent)
}

func (a *admin) withhold(w http.ResponseWriter, r *http.Request) {
	var in struct{ Withheld []string }
	if Decode(w, r, &in) {
		a.vendor.Grants.Withhold(in.Withheld)
		w.WriteHeader(http.StatusNoContent)
	}
}

// limitsView is the terms as they are read and written; what is left out when
// writing stays as it is.
type limitsView struct {
	Rate         *string `json:"rate,omitempty"`
	Daily        *int    `json:"daily,omitempty"`
	Latency      *string `json:"latency,omitempty"`
	TokenLatency *string `json:"token_latency,omitempty"`
}

func (a *admin) limits(w http.ResponseWriter, _ *http.Request) {
	t := a.vendor.Rig.Limits.Terms()
	rate, latency, token := t.Rate.String(), t.Latency.String(), t.TokenLatency.String()
	Reply(w, http.StatusOK, limitsView{Rate: &rate, Daily: &t.Daily, Latency: &latency, TokenLatency: &token})
}

func (a *admin) setLimits(w http.ResponseWriter, r *http.Request) {
	var in limitsView
	if !Decode(w, r, &in) {
		return
	}
	change, err := in.change()
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	a.vendor.Rig.Limits.Change(change)
	a.limits(w, r)
}

// change returns what v makes of the terms in force, or what is wrong with v.
func (v limitsView) change() (func(Terms) Terms, error) {
	var rate Rate
	var latency, token time.Duration
	var errs [3]error
	if v.Rate != nil {
		rate, errs[0] = ParseRate(*v.Rate)
	}
	if v.Latency != nil {
		latency, errs[1] = time.ParseDuration(*v.Latency)
	}
	if v.TokenLatency != nil {
		token, errs[2] = time.ParseDuration(*v.TokenLatency)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("reading limits: %w", err)
	}
	return func(t Terms) Terms {
		if v.Rate != nil {
			t.Rate = rate
		}
		if v.Daily != nil {
			t.Daily = *v.Daily
		}
		if v.Latency != nil {
			t.Latency = latency
		}
		if v.TokenLatency != nil {
			t.TokenLatency = token
		}
		return t
	}, nil
}

// lines writes NDJSON, in large pieces: there may be a hundred megabytes of it.
type lines struct {
	buf *bufio.Writer
	enc *json.Encoder
}

func newLines(w http.ResponseWriter) lines {
	w.Header().Set("Content-Type", "application/x-ndjson")
	buf := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	return lines{buf: buf, enc: enc}
}

// write adds one line. A reader that has gone away is no trouble of ours.
func (l lines) write(v any) { _ = l.enc.Encode(v) }

// end sends what is left.
func (l lines) end() { _ = l.buf.Flush() }

// Reply answers a call with v as JSON.
func Reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may have gone away.
	_ = json.NewEncoder(w).Encode(v)
}

// Done answers an administration call that returns nothing: 204, 404 for
// ErrNoRecord, 400 for any other error.
func Done(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, ErrNoRecord):
		fail(w, http.StatusNotFound, err)
	default:
		fail(w, http.StatusBadRequest, err)
	}
}

// Decode reads the JSON body of an administration call into v and answers 400
// if it cannot.
func Decode(w http.ResponseWriter, r *http.Request, v any) bool {
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		fail(w, http.StatusBadRequest, fmt.Errorf("reading body: %w", err))
		return false
	}
	return true
}

func fail(w http.ResponseWriter, status int, err error) {
	Reply(w, status, map[string]string{"error": err.Error()})
}
