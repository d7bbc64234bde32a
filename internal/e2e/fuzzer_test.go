package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/stack"
)

// fuzzer asks a real API whatever can be asked, in the names of two workspaces,
// and judges every answer.
type fuzzer struct {
	ctx     context.Context //nolint:containedctx // the test's own
	world   *world
	api     *stack.API
	host    string
	ops     []*operation
	parties []*party
	codes   map[string]bool // of problems
	secrets []string        // that stand in no answer
	asked   atomic.Int64

	mu     sync.Mutex
	owners map[string]*party      // by id
	counts map[string]map[int]int // answers by operation and status
	faults map[string]string      // by what is wrong and where, with a line to see it by
}

// mostFaults is how many kinds of faults are told.
const mostFaults = 30

// newFuzzer brings up two workspaces with connections to both CRMs, and an API.
func newFuzzer(t *testing.T) *fuzzer {
	t.Helper()
	f := &fuzzer{
		ctx: t.Context(), world: begin(t, options{}), ops: readDocument(t), codes: make(map[string]bool),
		owners: make(map[string]*party), counts: make(map[string]map[int]int), faults: make(map[string]string),
	}
	f.api = f.world.startAPI(t).API
	f.host = strings.TrimPrefix(f.api.URL, "http://")
	for _, v := range []vendor{salesforce, hubspot} {
		f.world.admin(t, http.MethodPost, string(v.name)+"/faults", `{"spec":"poison:p=0.2"}`, nil)
	}
	a, b := f.newParty(t, "A"), f.newParty(t, "B")
	a.other, b.other = b, a
	f.parties = []*party{a, b}
	for _, p := range f.parties {
		p.connects(t)
	}
	for _, p := range f.parties {
		p.imports(t)
		for _, w := range p.worlds {
			f.secrets = append(f.secrets, w.secrets...)
		}
		for _, keys := range p.keys {
			f.secrets = append(f.secrets, keys...)
		}
	}
	var listed struct{ Items []struct{ Code string } }
	require.NoError(t, json.Unmarshal(a.must(t, http.MethodGet, "/v1/problems", "", http.StatusOK).body, &listed))
	for _, p := range listed.Items {
		f.codes[p.Code] = true
	}
	return f
}

// operationAt returns the document's operation at a target, if there is one.
func (f *fuzzer) operationAt(method, target string) *operation {
	path, _, _ := strings.Cut(target, "?")
	i := slices.IndexFunc(f.ops, func(o *operation) bool { return o.method == method && o.matches(path) })
	if i < 0 {
		return nil
	}
	return f.ops[i]
}

// owned notes whose an id is: whoever was told of it first.
func (f *fuzzer) owned(p *party, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if id = strings.ToLower(id); id != "" && f.owners[id] == nil {
		f.owners[id] = p
	}
}

func (f *fuzzer) owner(id string) *party {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.owners[strings.ToLower(id)]
}

// try sends a request, judges the answer, and learns from it.
func (f *fuzzer) try(l *line, r *fuzzRequest) {
	a, sound := f.ask(l, r)
	if sound && r.by != nil && r.op != nil && a.status < http.StatusBadRequest {
		r.by.learn(r, a)
	}
}

// ask sends a request and judges the answer.
func (f *fuzzer) ask(l *line, r *fuzzRequest) (a fuzzAnswer, sound bool) {
	a, err := l.ask(r)
	f.asked.Add(1)
	refusedEarly := len(r.body) > 1_000_000 || a.status != 0 && a.header.Get("X-Request-Id") == ""
	if err != nil && (r.raw != nil || refusedEarly) {
		return a, false // there is nothing to answer, or nobody reads on
	}
	if err == nil {
		err = f.judge(r, a)
	}
	f.note(r, a, err)
	return a, err == nil
}

// note counts an answer, and keeps what is wrong with it.
func (f *fuzzer) note(r *fuzzRequest, a fuzzAnswer, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := r.name()
	if f.counts[name] == nil {
		f.counts[name] = make(map[int]int)
	}
	f.counts[name][a.status]++
	if err == nil {
		return
	}
	what, _, _ := strings.Cut(err.Error(), "\n")
	kind := name + ": " + anyUUID.ReplaceAllString(what, "…")
	if _, known := f.faults[kind]; known || len(f.faults) == mostFaults {
		return
	}
	f.faults[kind] = fmt.Sprintf("%.1000s\nwrong with the request: %s\n%s\n%d %v\n%.1000s",
		err.Error(), strings.Join(r.wrong, ", "), r.curl(f.host), a.status, a.header, a.body)
}

// tell says what was asked, and fails the test for every fault.
func (f *fuzzer) tell(t *testing.T) {
	t.Helper()
	if *fuzzFor > 0 {
		for _, name := range slices.Sorted(maps.Keys(f.counts)) {
			var answers []string
			for _, status := range slices.Sorted(maps.Keys(f.counts[name])) {
				answers = append(answers, strconv.Itoa(status)+": "+strconv.Itoa(f.counts[name][status]))
			}
			t.Logf("%-22s %s", name, strings.Join(answers, ", "))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(f.faults)) {
		t.Errorf("%s\n%s", kind, f.faults[kind])
	}
	for _, op := range f.ops { // or little was tested
		done := slices.ContainsFunc(slices.Collect(maps.Keys(f.counts[op.id])), func(status int) bool { return status < http.StatusBadRequest })
		if *fuzzFor >= 5*time.Minute && !done {
			t.Errorf("%s was never carried out", op.id)
		}
	}
}
