package conformance

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rulebox/rulebox"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

//go:embed testdata/modules/*.txtar
var moduleFiles embed.FS

// A ModuleCase says what one module does, and what it sends. Its folder holds:
//
//	case/do.js        the body of an async function, in place of 1.js; what it
//	                  returns is the result, what it throws fails the login
//	case/result.json  the result
//	case/answer-1 …   what the mock answers to the first request, see mock.answer;
//	                  {"ok":true} if absent
//	case/request-1 …  the requests that the mock must have got, see plainRequest
//
// and, as far as needed, want.json and case.json of a Case. configuration.BASE is
// the mock's URL, TLS the one with TLS, HOST its host and port, PEM its
// certificate; nobody listens at DEAD. HOST is also the tenant's management domain.
//
// The cases were made by running the original packages under Node.js against the
// same mock: what they sent and gave is what ours must. Those with the tag ours
// differ from the original on purpose.
type ModuleCase struct {
	Case
	result   *string
	answers  map[int]string
	requests []string
	bare     bool // neither result.json nor want.json
	// hurried is set if an answer comes late: the script's time may be over before
	// its request is out, so what did not come is not missed.
	hurried bool
	// unordered is set if the archive's comment says "in any order": how the
	// members of queries and bodies are ordered is not looked at.
	unordered bool
}

// ModuleCases returns the cases of all modules.
func ModuleCases() ([]ModuleCase, error) {
	names, err := moduleFiles.ReadDir("testdata/modules")
	if err != nil {
		return nil, err
	}
	var cases []ModuleCase
	for _, n := range names {
		data, err := moduleFiles.ReadFile("testdata/modules/" + n.Name())
		if err != nil {
			return nil, err
		}
		more, err := parseModules(strings.TrimSuffix(n.Name(), ".txtar"), txtar.Parse(data))
		if err != nil {
			return nil, err
		}
		cases = append(cases, more...)
	}
	return cases, nil
}

func parseModules(archive string, ar *txtar.Archive) ([]ModuleCase, error) {
	var order []string
	folders := make(map[string]map[string][]byte)
	for _, f := range ar.Files {
		dir, name, ok := strings.Cut(f.Name, "/")
		if !ok {
			return nil, fmt.Errorf("%s: %s is in no folder", archive, f.Name)
		}
		if folders[dir] == nil {
			folders[dir] = make(map[string][]byte)
			order = append(order, dir)
		}
		folders[dir][name] = f.Data
	}
	var cases []ModuleCase
	for _, dir := range order {
		c, err := newModuleCase(archive+"/"+dir, folders[dir])
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", archive, dir, err)
		}
		c.unordered = strings.Contains(string(ar.Comment), "in any order")
		cases = append(cases, c)
	}
	return cases, nil
}

var numbered = regexp.MustCompile(`^(answer|request)-(\d+)$`)

// The body is on the wrapper's first line: line numbers are those of do.js.
//
// fault is what a case tells of an error, call a Promise of what a callback of
// request's form got, tell one of what a Promise became.
const wrapped = `async function (user, context, callback) { const { BASE, TLS, HOST, PEM, DEAD } = configuration; ` +
	`const fault = (e) => (e instanceof Error || e && e.message ? { name: e.name, message: e.message, code: e.code } : e); ` +
	`const call = (f) => new Promise((ok) => f((err, res, body) => ok(err ? { err: fault(err) } : { status: res.statusCode, body }))); ` +
	`const tell = (p, f) => p.then(f || ((v) => v), (e) => ({ err: fault(e) })); ` +
	`let r; try { r = await (async () => { %s
})(); } catch (err) { callback(err); return; } context.idToken.r = r; callback(null, user, context); }`

func newModuleCase(name string, files map[string][]byte) (ModuleCase, error) {
	m := ModuleCase{answers: map[int]string{}}
	requests := map[int]string{}
	rest := map[string][]byte{}
	for f, data := range files {
		n := numbered.FindStringSubmatch(f)
		switch {
		case n != nil && n[1] == "answer":
			i, _ := strconv.Atoi(n[2])
			m.answers[i] = string(data)
			m.hurried = m.hurried || strings.Contains(string(data), "mock-delay")
		case n != nil:
			i, _ := strconv.Atoi(n[2])
			requests[i] = strings.TrimRight(string(data), "\n") + "\n"
		case f == "do.js":
			rest["1.js"] = fmt.Appendf(nil, wrapped, data)
		case f == "result.json":
			s := string(data)
			m.result = &s
		default:
			rest[f] = data
		}
	}
	for i := range len(requests) {
		r, ok := requests[i+1]
		if !ok {
			return m, fmt.Errorf("request-%d is missing", i+1)
		}
		m.requests = append(m.requests, r)
	}
	if rest["want.json"] == nil {
		m.bare = m.result == nil
		rest["want.json"] = []byte(`{}`)
	}
	var err error
	m.Case, err = newCase(name, rest)
	return m, err
}

// RunModules runs the modules' cases as Run runs the language's.
func RunModules(t *testing.T, open func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker, skip ...string) {
	cases, err := ModuleCases()
	require.NoError(t, err)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			for _, tag := range skip {
				if slices.Contains(c.Setting.Tags, tag) {
					t.Skip("tag " + tag)
				}
			}
			c.Run(t, func(chain *rulebox.Chain) rulebox.Invoker { return open(t, chain) })
		})
	}
}

// Run runs the case with a mock of its own on the Invoker that open returns.
func (c *ModuleCase) Run(t *testing.T, open func(*rulebox.Chain) rulebox.Invoker) {
	require.False(t, c.bare, "the case has neither result.json nor want.json")
	m := newMock(t, c.answers)
	chain := *c.Chain
	c.fill(&chain, m)
	c.Case.Chain = &chain
	invoker := open(&chain)
	inv := &rulebox.Invocation{Chain: &chain, Tenant: chain.Tenant, Trigger: chain.Trigger, ID: "tx-1", Args: c.Args}
	ctx, cancel := context.WithTimeout(t.Context(), safety)
	defer cancel()
	var res *rulebox.Result
	var err error
	for range max(1, c.Setting.Runs) {
		res, err = invoker.Invoke(ctx, inv)
	}
	c.Check(t, res, err)
	if c.result != nil && err == nil {
		require.Len(t, res.Values, 2)
		var out struct {
			IDToken struct{ R json.RawMessage } `json:"idToken"`
		}
		require.NoError(t, json.Unmarshal(res.Values[1], &out))
		var want any
		require.NoError(t, json.Unmarshal([]byte(*c.result), &want), "result.json")
		got := decode(t, []byte(unplaced(string(out.IDToken.R), m.host)))
		assert.Equal(t, want, got, "result")
	}
	if len(c.requests) > 0 {
		n := len(c.requests)
		if c.hurried {
			n = 0
		}
		want, got := slices.Clone(c.requests), m.wait(t, n)
		if c.hurried && len(got) < len(want) {
			want = want[:len(got)]
		}
		if c.unordered {
			for _, list := range [][]string{want, got} {
				for i := range list {
					list[i] = unordered(list[i])
				}
			}
		}
		if len(want)+len(got) > 0 {
			assert.Equal(t, want, got, "requests")
		}
	}
}

// fill gives the chain what the case's script may know of the mock.
func (c *ModuleCase) fill(chain *rulebox.Chain, m *mock) {
	chain.Configuration = map[string]string{"BASE": "http://" + m.host, "TLS": "https://" + m.host, "HOST": m.host, "PEM": m.pem, "DEAD": "http://" + m.dead}
	for k, v := range c.Chain.Configuration {
		chain.Configuration[k] = v
	}
	chain.Egress = []string{m.host, "localhost:" + m.port, m.dead}
	if chain.Management == nil {
		chain.Management = &rulebox.Management{Domain: m.host, BaseURL: "http://" + m.host + "/api/v2", AccessToken: "management-token"}
	}
}
