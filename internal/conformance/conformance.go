// Package conformance says, case by case, what scripts may rely on. The same
// cases run against every Invoker: in process, in a jailed worker, over NATS.
//
// The cases are in testdata: txtar archives with several cases each. A case is a
// folder of the archive:
//
//	case/1.js …       the scripts, run in the order of their names; the script's
//	                  name is the file's, without .js. A 2.action.js is an action.
//	case/user.json    the first argument; a small user if absent
//	case/context.json the second argument; a small context if absent
//	case/event.json   for actions in place of user and context: the event, a small
//	                  one if absent; for the trigger login the third argument
//	case/x.module.js  what actions require as actions:x
//	case/config.json  the configuration object
//	case/case.json    a Setting
//	case/want.json    a Want
package conformance

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

//go:embed testdata/*.txtar testdata/actions/*.txtar testdata/hooks/*.txtar
var files embed.FS

// A Case is one case of the suite.
type Case struct {
	// Name is archive/folder.
	Name    string
	Chain   *rulebox.Chain
	Args    []json.RawMessage
	Setting Setting
	Want    Want
}

// A Setting is what a case changes of the defaults.
type Setting struct {
	// Kind of the scripts; rule by default. Args replaces user and context.
	Kind rulebox.Kind      `json:"kind"`
	Args []json.RawMessage `json:"args"`
	// Runs is how often the case is invoked, one after the other; the last
	// answer counts.
	Runs   int `json:"runs"`
	WallMS int `json:"wall_ms"`
	Output int `json:"output"`
	// NowMS is the fixed clock, in milliseconds since 1970.
	NowMS      int64               `json:"now_ms"`
	Management *rulebox.Management `json:"management"`
	// Tags let callers leave cases out: cache (needs the same worker twice),
	// slow (takes longer than 100 ms). Resumed chains and
	// those that begin with a filled cache have the tags resume and stored; engine is
	// what the edge refuses or the pipeline answers in its own way.
	Tags []string `json:"tags"`
	Grants
}

// A Want is what the answer must be. Absent fields are not looked at, except
// that a case without Code must succeed.
type Want struct {
	Code    rulebox.Code `json:"code"`
	Name    *string      `json:"name"`
	Message *string      `json:"message"`
	// Has and Lacks are parts of message, hint and trace together.
	Has   []string `json:"has"`
	Lacks []string `json:"lacks"`
	// Trace is the whole trace.
	Trace  *string `json:"trace"`
	Script *string `json:"script"`
	// UserID and Reason are what database scripts' error classes carry.
	UserID *string `json:"user_id"`
	Reason *string `json:"reason"`
	// User and Context are parts of the values: each object of them must be in
	// the value's, and what is not an object must be equal.
	User    any `json:"user"`
	Context any `json:"context"`
	// Values are all values, whole.
	Values []any `json:"values"`
	// Text are the values' JSON texts, where their spelling counts.
	Text     []string       `json:"text"`
	Redirect *string        `json:"redirect"`
	Logs     *[]rulebox.Log `json:"logs"`
	// LogsHave are parts of the text of some line.
	LogsHave []string `json:"logs_have"`
	// Scripts are name:status.
	Scripts []string `json:"scripts"`
	Effects
}

const (
	defaultUser    = `{"user_id":"auth0|1","email":"ada@example.org","email_verified":true,"name":"Ada","app_metadata":{"plan":"gold","roles":["a","b"]},"identities":[{"connection":"db","provider":"auth0","user_id":"1","isSocial":false}]}`
	defaultContext = `{"tenant":"acme","clientID":"c1","clientName":"App","connection":"db","protocol":"oidc-basic-profile","stats":{"loginsCount":3},"idToken":{},"accessToken":{},"request":{"ip":"192.0.2.1","query":{},"body":{}}}`
)

// Cases returns all cases.
func Cases() ([]Case, error) {
	var cases []Case
	for _, dir := range []string{"testdata", "testdata/actions", "testdata/hooks"} {
		names, err := files.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			if n.IsDir() {
				continue
			}
			data, err := files.ReadFile(dir + "/" + n.Name())
			if err != nil {
				return nil, err
			}
			name := strings.TrimPrefix(strings.TrimPrefix(dir+"/", "testdata/")+strings.TrimSuffix(n.Name(), ".txtar"), "/")
			more, err := parse(name, txtar.Parse(data))
			if err != nil {
				return nil, err
			}
			cases = append(cases, more...)
		}
	}
	return cases, nil
}

func parse(archive string, ar *txtar.Archive) ([]Case, error) {
	var order []string
	folders := make(map[string]map[string][]byte)
	for _, f := range ar.Files {
		dir, name := path.Split(f.Name)
		dir = strings.TrimSuffix(dir, "/")
		if dir == "" {
			return nil, fmt.Errorf("%s: %s is in no folder", archive, f.Name)
		}
		if folders[dir] == nil {
			folders[dir] = make(map[string][]byte)
			order = append(order, dir)
		}
		folders[dir][name] = f.Data
	}
	var cases []Case
	for _, dir := range order {
		c, err := newCase(archive+"/"+dir, folders[dir])
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", archive, dir, err)
		}
		cases = append(cases, c)
	}
	return cases, nil
}

func newCase(name string, files map[string][]byte) (Case, error) {
	c := Case{Name: name, Setting: Setting{Kind: rulebox.KindRule, Runs: 1}}
	var config map[string]string
	for _, f := range []struct {
		name string
		to   any
	}{{"case.json", &c.Setting}, {"want.json", &c.Want}, {"config.json", &config}} {
		if text, ok := files[f.name]; ok {
			d := json.NewDecoder(strings.NewReader(string(text)))
			d.DisallowUnknownFields()
			if err := d.Decode(f.to); err != nil {
				return c, fmt.Errorf("%s: %w", f.name, err)
			}
		} else if f.name == "want.json" {
			return c, fmt.Errorf("no want.json")
		}
	}
	c.Chain = &rulebox.Chain{
		Tenant: "acme", Trigger: rulebox.TriggerLogin, Configuration: config, Management: c.Setting.Management,
		Limits: rulebox.Limits{Wall: time.Duration(c.Setting.WallMS) * time.Millisecond, Output: c.Setting.Output},
	}
	var scripts []string
	for f := range files {
		if strings.HasSuffix(f, ".js") && !strings.HasSuffix(f, moduleSuffix) {
			scripts = append(scripts, f)
		}
	}
	slices.Sort(scripts)
	for _, f := range scripts {
		name, kind := strings.TrimSuffix(f, ".js"), c.Setting.Kind
		if action, ok := strings.CutSuffix(name, ".action"); ok {
			name, kind = action, rulebox.KindAction
		}
		c.Chain.Scripts = append(c.Chain.Scripts, rulebox.NewScript(kind, name, string(files[f])))
	}
	if err := c.grant(files); err != nil {
		return c, err
	}
	if c.Args != nil {
		return c, nil
	}
	c.Args = c.Setting.Args
	if c.Args == nil {
		c.Args = []json.RawMessage{text(files, "user.json", defaultUser), text(files, "context.json", defaultContext)}
	}
	return c, nil
}

func text(files map[string][]byte, name, def string) json.RawMessage {
	if b, ok := files[name]; ok {
		return json.RawMessage(strings.TrimSpace(string(b)))
	}
	return json.RawMessage(def)
}

// Run runs the suite. Open is called once for each case and returns the Invoker
// that the case is run on; one that finds the tenant's chain elsewhere must be
// given the chain there. Cases with one of the tags skip are left out.
func Run(t *testing.T, open func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker, skip ...string) {
	RunAdjusted(t, open, func(*Case) {}, skip...)
}

// RunAdjusted is Run for an Invoker whose answers differ from an engine's on
// purpose: adjust changes what a case wants.
func RunAdjusted(t *testing.T, open func(t *testing.T, chain *rulebox.Chain) rulebox.Invoker, adjust func(*Case), skip ...string) {
	cases, err := Cases()
	require.NoError(t, err)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			adjust(&c)
			for _, tag := range skip {
				if slices.Contains(c.Setting.Tags, tag) {
					t.Skip("tag " + tag)
				}
			}
			c.Run(t, open(t, c.Chain))
		})
	}
}

// Safety bounds one invocation of a test that hangs.
const safety = 30 * time.Second

// Run runs the case on the Invoker.
func (c *Case) Run(t *testing.T, invoker rulebox.Invoker) {
	ctx, cancel := context.WithTimeout(context.Background(), safety)
	defer cancel()
	inv := &rulebox.Invocation{Chain: c.Chain, Tenant: c.Chain.Tenant, Trigger: c.Chain.Trigger, ID: "tx-1", Args: c.Args,
		Resume: c.Setting.Resume.resume(), Cache: c.Setting.Cache}
	if c.Setting.NowMS != 0 {
		inv.Now = time.UnixMilli(c.Setting.NowMS).UTC()
	}
	var res *rulebox.Result
	var err error
	for range max(1, c.Setting.Runs) {
		res, err = invoker.Invoke(ctx, inv)
	}
	c.Check(t, res, err)
}

// Check compares an answer with what the case wants.
func (c *Case) Check(t *testing.T, res *rulebox.Result, err error) {
	w := &c.Want
	require.Equal(t, w.Code, rulebox.CodeOf(err), "code; error: %+v", err)
	if err != nil {
		w.checkError(t, err)
	}
	if res == nil {
		require.Contains(t, []rulebox.Code{rulebox.CodeInvalid, rulebox.CodeUnavailable}, w.Code, "no result")
		return
	}
	if err != nil {
		assert.Nil(t, res.Values, "values after an error")
	}
	w.checkValues(t, res)
	w.checkLogs(t, res)
	w.checkEffects(t, res, err)
	if w.Redirect != nil {
		assert.Equal(t, *w.Redirect, res.RedirectURL, "redirect")
	}
	if w.Scripts != nil {
		var got []string
		for _, s := range res.Scripts {
			got = append(got, s.Name+":"+s.Status)
		}
		assert.Equal(t, w.Scripts, got, "scripts")
	}
}

func (w *Want) checkError(t *testing.T, err error) {
	e, ok := err.(*rulebox.Error)
	require.True(t, ok, "the error is a %T, not a *rulebox.Error", err)
	equal := func(what string, want *string, got string) {
		if want != nil {
			assert.Equal(t, *want, got, what)
		}
	}
	equal("name", w.Name, e.Name)
	equal("message", w.Message, e.Message)
	equal("trace", w.Trace, e.Trace)
	equal("script", w.Script, e.Script)
	equal("user_id", w.UserID, e.UserID)
	equal("reason", w.Reason, e.Reason)
	all := e.Message + "\n" + e.Hint + "\n" + e.Trace
	for _, part := range w.Has {
		assert.Contains(t, all, part)
	}
	for _, part := range w.Lacks {
		assert.NotContains(t, all, part)
	}
}

func (w *Want) checkValues(t *testing.T, res *rulebox.Result) {
	if w.Values != nil {
		require.Len(t, res.Values, len(w.Values))
		for i, v := range w.Values {
			assert.Equal(t, v, decode(t, res.Values[i]), "value %d", i)
		}
	}
	for i, s := range w.Text {
		require.Greater(t, len(res.Values), i)
		assert.Equal(t, s, string(res.Values[i]), "text of value %d", i)
	}
	for i, part := range []any{w.User, w.Context} {
		if part != nil {
			require.Greater(t, len(res.Values), i, "no value %d", i)
			within(t, [...]string{"user", "context"}[i], part, decode(t, res.Values[i]))
		}
	}
}

func (w *Want) checkLogs(t *testing.T, res *rulebox.Result) {
	if w.Logs != nil {
		got := res.Logs
		if got == nil {
			got = []rulebox.Log{}
		}
		assert.Equal(t, *w.Logs, got, "logs")
	}
	for _, part := range w.LogsHave {
		assert.True(t, slices.ContainsFunc(res.Logs, func(l rulebox.Log) bool { return strings.Contains(l.Text, part) }), "no log has %q: %v", part, res.Logs)
	}
}

func decode(t *testing.T, text json.RawMessage) any {
	var v any
	require.NoError(t, json.Unmarshal(text, &v), "not JSON: %q", text)
	return v
}

// within checks that part is in whole.
func within(t *testing.T, at string, part, whole any) {
	p, ok := part.(map[string]any)
	if !ok {
		assert.Equal(t, part, whole, at)
		return
	}
	w, ok := whole.(map[string]any)
	require.True(t, ok, "%s is no object: %v", at, whole)
	for k, v := range p {
		got, ok := w[k]
		if v == "<absent>" {
			assert.False(t, ok, "%s.%s is there: %v", at, k, got)
			continue
		}
		within(t, at+"."+k, v, got)
	}
}
