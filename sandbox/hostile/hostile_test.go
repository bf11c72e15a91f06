package hostile

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pooltest"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/sandbox/confine"
)

func TestMain(m *testing.M) { pooltest.Main(m) }

const (
	wall   = 300 * time.Millisecond
	memory = 64 << 20
	// late is how much later than the limit an answer may be.
	late = 250 * time.Millisecond
	// oneWorker is what a worker may have beside its scripts' memory, in bytes.
	oneWorker = 64 << 20
	// before is what a process has when it joins its memory group, which does not
	// count it, in bytes.
	before   = 4 << 20
	parallel = 2
)

// tries is how often a late answer, or one that time cut off, is given another
// chance: the machine may be busy with something else.
const tries = 4

type hostileCase struct {
	name    string
	codes   []string
	refused bool // by the egress policy
	source  string
	// beside, if not nil, is part of the chain of the tenant's next login: what is
	// WebAssembly has workers of its own.
	beside *rulebox.Script
	wall   time.Duration
}

func cases(t *testing.T, victimPort int) (all []hostileCase) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		class := strings.TrimSuffix(filepath.Base(file), ".txtar")
		for _, f := range archive.Files {
			all = append(all, parse(t, class+"/"+f.Name, strings.ReplaceAll(string(f.Data), "VICTIM", strconv.Itoa(victimPort))))
		}
	}
	require.GreaterOrEqual(t, len(all), 200)
	return all
}

func parse(t *testing.T, name, text string) hostileCase {
	head, body, _ := strings.Cut(text, "\n")
	codes, ok := strings.CutPrefix(head, "// ")
	require.True(t, ok, "%s: the first line names the codes", name)
	c := hostileCase{name: name, codes: strings.Fields(codes), source: body, wall: wall}
	if i := slices.Index(c.codes, "refused"); i >= 0 {
		c.codes, c.refused = slices.Delete(c.codes, i, i+1), true
	}
	for _, code := range c.codes {
		require.True(t, code == "ok" || slices.Contains(rulebox.Codes, rulebox.Code(code)), "%s: code %q", name, code)
	}
	if repeated, ok := strings.CutPrefix(body, "// source "); ok {
		var parts [4]any
		require.NoError(t, json.Unmarshal([]byte(repeated), &parts), name)
		c.source = parts[0].(string) + strings.Repeat(parts[1].(string), int(parts[2].(float64))) + parts[3].(string)
		return c
	}
	first := strings.TrimSpace(body)
	for _, form := range []string{"function (", "function rule(", "async function rule(", "(function (", "(() =>", "0, function"} {
		if strings.HasPrefix(first, form) {
			return c
		}
	}
	c.source = "function (user, context, callback) {\n" + body + "\n;callback(null, user, context);\n}"
	return c
}

func TestHostile(t *testing.T) {
	plan, err := confine.Probe(confine.JS)
	require.NoError(t, err)
	victim := newVictim(t)
	p := &prison{t: t, pool: start(t, plan)}
	all := cases(t, victim.port)
	ctx, cancel := context.WithCancel(context.Background())
	var around sync.WaitGroup
	around.Go(func() { p.bystander(ctx) })
	around.Go(func() { p.weigh(ctx) })

	t.Run("cases", func(t *testing.T) {
		gate := make(chan struct{}, parallel)
		for i, c := range all {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				gate <- struct{}{}
				defer func() { <-gate }()
				p.run(t, fmt.Sprintf("hostile-%d", i), c)
			})
		}
	})
	cancel()
	around.Wait()
	assert.Positive(t, p.served.Load(), "the bystander was served meanwhile")
	assert.Zero(t, victim.reached.Load(), "a script reached what listens on this machine")
	p.weighed(t, parallel*(memory+oneWorker)+8*oneWorker/2)
	assert.LessOrEqual(t, p.one.Load(), int64(memory+oneWorker+before), "one worker: its tenant's limit and a worker's own")
}

func start(t *testing.T, plan *confine.Plan) *sandbox.Pool {
	pool := pooltest.Start(t, sandbox.Options{Plan: plan, Warm: 4, MaxWorkers: 8, CompileTime: compileTime, Egress: sandbox.Egress{Resolver: attacker{}}})
	return pool
}

// prison is the pool with what is watched around the cases.
type prison struct {
	t      *testing.T
	pool   *sandbox.Pool
	served atomic.Int64
	peak   atomic.Int64 // bytes, of all workers together
	one    atomic.Int64 // bytes, of the largest
	rest   atomic.Int64 // bytes, of all but those at work
}

func chain(tenant, name, source string, w time.Duration) *rulebox.Chain {
	return &rulebox.Chain{
		Tenant: tenant, Trigger: rulebox.TriggerLogin,
		Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, name, source)},
		Limits:  rulebox.Limits{Wall: w, Memory: memory}.WithDefaults(),
	}
}

func (p *prison) invoke(c *rulebox.Chain) (*rulebox.Result, error) {
	return p.pool.Invoke(context.Background(), &rulebox.Invocation{Chain: c, Tenant: c.Tenant, Trigger: c.Trigger, ID: "tx", Args: []json.RawMessage{
		json.RawMessage(`{"user_id":"auth0|1","email":"a@b.example","app_metadata":{"roles":["x"]}}`),
		json.RawMessage(`{"clientID":"c","protocol":"oidc-basic-profile","idToken":{},"accessToken":{}}`),
	}})
}

// goodRule fails if anything of an earlier run can be seen.
const goodRule = `function (user, context, callback) {
  if ({}.polluted || globalThis.escaped || [].push.toString().indexOf('native') < 0) throw new Error('an earlier run shows');
  context.idToken.ok = JSON.stringify([1, { a: user.email }]);
  callback(null, user, context);
}`

// run runs the case: its code is one of those named, its answer is in time, and
// the tenant's next login succeeds.
func (p *prison) run(t *testing.T, tenant string, c hostileCase) {
	bad := chain(tenant, "hostile", c.source, c.wall)
	var took time.Duration
	for attempt := 1; attempt <= tries; attempt++ {
		begin := time.Now()
		_, err := p.invoke(bad)
		took = time.Since(begin)
		code := string(rulebox.CodeOf(err))
		if err == nil {
			code = "ok"
		}
		explained(t, err)
		if err != nil {
			assert.NotContains(t, err.Error(), "ESCAPED", "the script got what it wanted")
		}
		if c.refused && code == c.codes[0] {
			assert.ErrorContains(t, err, "is not allowed", "refused by the policy")
		}
		p.next(t, tenant, c.beside)
		if slices.Contains(c.codes, code) && took <= c.wall+late {
			break
		}
		if code != "timeout" && code != "unavailable" || attempt == tries {
			require.Contains(t, c.codes, code, "error: %.300v", err)
		}
	}
	assert.LessOrEqual(t, took, c.wall+late, "the answer came late, %d times", tries)
}

// explained checks that an error says whose it is and how it can be mended.
func explained(t *testing.T, err error) {
	if err == nil || rulebox.CodeOf(err) == rulebox.CodeUnavailable {
		return
	}
	var e *rulebox.Error
	require.True(t, errors.As(err, &e))
	assert.NotEmpty(t, e.Message)
	assert.Equal(t, "hostile", e.Script, "the script to blame: %v", err)
	if e.Code == rulebox.CodeTimeout || e.Code == rulebox.CodeMemory {
		assert.NotEmpty(t, e.Hint, "%v", err)
	}
	assert.Less(t, len(e.Message)+len(e.Hint)+len(e.Trace), 64<<10, "an error is for reading")
}

func (p *prison) next(t *testing.T, tenant string, beside *rulebox.Script) {
	var res *rulebox.Result
	var err error
	good := chain(tenant, "good", goodRule, 20*time.Second)
	if beside != nil {
		good.Scripts = append(good.Scripts, beside)
	}
	for range tries {
		if res, err = p.invoke(good); rulebox.CodeOf(err) != rulebox.CodeUnavailable {
			break // unavailable is safe to try again, by contract
		}
	}
	require.NoError(t, err, "the tenant's next login")
	assert.Contains(t, string(res.Values[1]), `"ok"`)
}

// bystander logs another tenant in, all the time.
func (p *prison) bystander(ctx context.Context) {
	c := chain("bystander", "good", goodRule, 20*time.Second)
	for ctx.Err() == nil {
		if _, err := p.invoke(c); err != nil {
			p.t.Errorf("the bystander's login: %v", err)
			return
		}
		p.served.Add(1)
		time.Sleep(5 * time.Millisecond)
	}
}

// weigh samples the memory of all workers together.
func (p *prison) weigh(ctx context.Context) {
	for ctx.Err() == nil {
		sizes := childrenMemory()
		p.peak.Store(max(p.peak.Load(), sum(sizes)))
		if len(sizes) > parallel {
			p.one.Store(max(p.one.Load(), sizes[0]))
			p.rest.Store(max(p.rest.Load(), sum(sizes[parallel:])))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// weighed holds what was sampled to the bound for all workers together.
func (p *prison) weighed(t *testing.T, most int64) {
	t.Logf("the bystander logged in %d times; the workers' memory was %d MiB at most, %d MiB allowed; the largest had %d MiB, those without work %d MiB together",
		p.served.Load(), p.peak.Load()>>20, most>>20, p.one.Load()>>20, p.rest.Load()>>20)
	assert.Less(t, p.peak.Load(), most, "memory of all workers together")
	assert.Positive(t, p.peak.Load())
}

// childrenMemory is the resident private memory of each of this process's children,
// in bytes, the largest first.
func childrenMemory() (sizes []int64) {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, pid := range strings.Fields(string(text)) {
			sizes = append(sizes, private(pid))
		}
	}
	slices.SortFunc(sizes, func(a, b int64) int { return cmp.Compare(b, a) })
	return sizes
}

func sum(sizes []int64) (all int64) {
	for _, n := range sizes {
		all += n
	}
	return all
}

func private(pid string) (bytes int64) {
	text, err := os.ReadFile("/proc/" + pid + "/smaps_rollup")
	if err != nil {
		return 0 // gone, or not ours to read
	}
	for _, line := range strings.Split(string(text), "\n") {
		var kib int64
		if _, err := fmt.Sscanf(line, "Private_Dirty: %d kB", &kib); err == nil {
			bytes += kib << 10
		}
	}
	return bytes
}
