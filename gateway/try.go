package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/pattern"
	"github.com/rulebox/rulebox/internal/unsaved"
)

// tryRequest is the body of POST /v1/tenants/{tenant}/try.
type tryRequest struct {
	Kind          rulebox.Kind      `json:"kind"`
	Trigger       string            `json:"trigger"`
	Handler       string            `json:"handler"`
	Name          string            `json:"name"`
	Code          string            `json:"code"`
	WASM          []byte            `json:"wasm"` // in place of Code; base64 in JSON
	Input         json.RawMessage   `json:"input"`
	Configuration map[string]string `json:"configuration"`
	Secrets       map[string]string `json:"secrets"`
	Dependencies  []struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"dependencies"`
	Modules map[string]string     `json:"modules"`
	Cache   map[string]cacheValue `json:"cache"`
	Auth0   *struct {
		Domain      string `json:"domain"`
		BaseURL     string `json:"baseUrl"`
		AccessToken string `json:"accessToken"`
	} `json:"auth0"`
	Limits struct {
		WallMS   int64 `json:"wall_ms"`
		MemoryMB int64 `json:"memory_mb"`
	} `json:"limits"`
	Egress  []string `json:"egress"`
	Now     *int64   `json:"now"`
	Session string   `json:"session"`
}

// tryMembers tells what the body may have.
const tryMembers = `the body is a JSON object {"code":"…","input":{…}}; the input is {"user":{…},"context":{…}} for rules, {"event":{…}} for actions (or what rules have), ` +
	`{"args":[…]} for hooks and database scripts (or what requests to databases have); there may be also wasm (a WebAssembly module in base64, in place of code), kind (rule, action, hook, dbscript), trigger, handler, name, configuration, secrets, dependencies [{name, version}], ` +
	`modules {"actions:NAME": code}, cache {key: value}, auth0 {domain, baseUrl, accessToken}, limits {wall_ms, memory_mb}, egress, now, session`

// A cacheValue is a record of api.cache: its value, or an object with expires_at
// in milliseconds beside it.
type cacheValue struct {
	Value     string `json:"value"`
	ExpiresAt int64  `json:"expires_at"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *cacheValue) UnmarshalJSON(text []byte) error {
	type plain cacheValue
	if json.Unmarshal(text, &c.Value) != nil && json.Unmarshal(text, (*plain)(c)) != nil {
		return errors.New(`each value of cache must be a string, or {"value": "…", "expires_at": milliseconds since 1970}`)
	}
	return nil
}

// try runs unsaved code in the same jail. Nothing stored is read or changed, and
// its workers are never production's: every try has a session of its own, or the
// one it names.
func (g *gateway) try(w http.ResponseWriter, r *http.Request) {
	tenant := r.PathValue("tenant")
	body, give := g.admit(w, r, tenant, RunUnsaved)
	if give == nil {
		return
	}
	defer give()
	inv, err := parseTry(tenant, body)
	if err != nil {
		fail(w, 0, err)
		return
	}
	ctx, cancel, err := deadline(r)
	if err != nil {
		fail(w, 0, err)
		return
	}
	defer cancel()
	res, err := g.Unsaved.Invoke(ctx, inv)
	err = inTryTerms(err)
	if err != nil && rulebox.CodeOf(err) != rulebox.CodeUnavailable && rulebox.CodeOf(err) != rulebox.CodeInternal {
		if res == nil {
			res = &rulebox.Result{ID: inv.ID}
		}
		write(w, http.StatusOK, res, err) // the code's fault is the answer that was asked for
		return
	}
	answer(w, inv.ID, res, err)
}

// tryTerms turn the names of settings in hints into those of a try's body.
var tryTerms = strings.NewReplacer(
	"limits.wall of the tenant, or --timeout", "limits.wall_ms",
	"limits.wall, --timeout", "limits.wall_ms",
	"limits.wall (--timeout)", "limits.wall_ms",
	"limits.memory of the tenant, or --memory", "limits.memory_mb",
	"limits.memory (--memory)", "limits.memory_mb",
	", or raise limits.output", "",
)

// inTryTerms returns err with a hint that names what a try's body has.
func inTryTerms(err error) error {
	var e *rulebox.Error
	if !errors.As(err, &e) {
		return err
	}
	hint := tryTerms.Replace(e.Hint)
	if hint == e.Hint {
		return err
	}
	told := *e
	told.Hint = hint
	return &told
}

func parseTry(tenant string, body []byte) (*rulebox.Invocation, error) {
	if !tenantName().MatchString(tenant) {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "tenant %.80q is not a name", tenant).
			WithHint("a name is letters, digits, hyphens and underscores, at most 64")
	}
	t, err := decodeTry(body)
	var inv *rulebox.Invocation
	if err == nil {
		inv, err = t.invocation(tenant)
	}
	if err != nil {
		return nil, rulebox.Errorf(rulebox.CodeInvalid, "the body: %v", err).WithHint(tryMembers)
	}
	return inv, nil
}

// invocation returns what is to be invoked. Its chain has a session of its own.
func (t *tryRequest) invocation(tenant string) (*rulebox.Invocation, error) {
	script := unsaved.Script{Name: t.Name, Source: t.Code, Kind: t.Kind}
	if t.WASM != nil {
		script.Source = string(t.WASM)
	}
	script.Handler, script.Secrets = t.Handler, t.Secrets
	for _, d := range t.Dependencies {
		if d.Name == "" {
			return nil, errors.New("dependencies: a name is missing")
		}
		if script.Dependencies == nil {
			script.Dependencies = map[string]string{}
		}
		script.Dependencies[d.Name] = d.Version
	}
	for _, full := range slices.Sorted(maps.Keys(t.Modules)) {
		name, ok := strings.CutPrefix(full, "actions:")
		if !ok || name == "" {
			return nil, fmt.Errorf("modules: %.80q is no name; it is like actions:NAME, as the code requires it", full)
		}
		script.Modules = append(script.Modules, rulebox.ActionModule{Name: name, Script: rulebox.NewScript(rulebox.KindModule, name, t.Modules[full])})
	}
	run := unsaved.Run{
		Trigger: t.Trigger, Scripts: []unsaved.Script{script}, Input: t.Input,
		Chain: rulebox.Chain{
			Tenant:        tenant,
			Configuration: t.Configuration,
			Egress:        t.Egress,
			Session:       "once-" + rulebox.NewID(),
			Limits: rulebox.Limits{
				Wall:   time.Duration(t.Limits.WallMS) * time.Millisecond,
				Memory: t.Limits.MemoryMB << 20,
			}.WithDefaults(),
		},
	}
	if t.Session != "" {
		run.Chain.Session = "try-" + t.Session
	}
	if t.Auth0 != nil {
		run.Chain.Management = &rulebox.Management{Domain: t.Auth0.Domain, BaseURL: t.Auth0.BaseURL, AccessToken: t.Auth0.AccessToken}
	}
	inv, err := run.Invocation()
	if err != nil {
		return nil, inInputTerms(err)
	}
	if t.Now != nil {
		inv.Now = time.UnixMilli(*t.Now)
	}
	inv.Cache = t.cache(inv.Now)
	return inv, nil
}

// cache is what api.cache holds when the code begins.
func (t *tryRequest) cache(now time.Time) (entries []rulebox.CacheEntry) {
	if now.IsZero() {
		now = time.Now()
	}
	for _, key := range slices.Sorted(maps.Keys(t.Cache)) {
		c := t.Cache[key]
		if c.ExpiresAt == 0 {
			c.ExpiresAt = now.Add(cacheTime).UnixMilli()
		}
		entries = append(entries, rulebox.CacheEntry{Key: key, Value: c.Value, ExpiresAt: c.ExpiresAt})
	}
	return entries
}

// cacheTime is how long a record lives by default.
const cacheTime = 15 * time.Minute

var (
	missing  = pattern.New(`^the body has no member (\w+)$`)
	position = pattern.New(`, at byte \d+,?`)
	inputs   = pattern.New(`^(user|context|event|args|state|id)\b`)
)

// inInputTerms returns what is wrong with an input that was read as if it were a
// request's body.
func inInputTerms(err error) error {
	var e *rulebox.Error
	if !errors.As(err, &e) {
		return err
	}
	text := position().ReplaceAllString(e.Message, "")
	switch m := missing().FindStringSubmatch(text); {
	case m != nil:
		text = "input." + m[1] + " is missing"
	case strings.HasPrefix(text, "the body "):
		text = "input " + strings.TrimPrefix(text, "the body ")
	case inputs().MatchString(text):
		text = "input." + text
	}
	return errors.New(text)
}

// Bounds of what a try may ask for.
const (
	maxTryWall   = 60 * time.Second
	maxTryMemory = 1024 // MiB
	maxSession   = 64
	// maxNow is the greatest distance from 1970 that a JavaScript Date can have,
	// in milliseconds.
	maxNow = 8.64e15
)

// tenantName is what NATS takes as a tenant's name.
var tenantName = pattern.New(`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$`)

func decodeTry(body []byte) (*tryRequest, error) {
	t := &tryRequest{Name: "try"}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(t); err != nil {
		return nil, inJSONTerms(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the JSON document at byte %d", d.InputOffset())
	}
	switch {
	case unsaved.CheckKind(t.Kind) != nil:
		return nil, unsaved.CheckKind(t.Kind)
	case t.Code == "" && t.WASM == nil:
		return nil, fmt.Errorf("code is missing")
	case t.Code != "" && t.WASM != nil:
		return nil, fmt.Errorf("there are code and wasm; give one")
	case t.WASM != nil && !bytes.HasPrefix(t.WASM, []byte("\x00asm")):
		return nil, fmt.Errorf("wasm is no WebAssembly binary in base64: it does not begin with \\0asm")
	case t.Input == nil:
		return nil, fmt.Errorf("input is missing")
	case t.Limits.WallMS < 0 || t.Limits.WallMS > maxTryWall.Milliseconds():
		return nil, fmt.Errorf("limits.wall_ms is %d; it must be from 1 to %d, or 0 for the default", t.Limits.WallMS, maxTryWall.Milliseconds())
	case t.Limits.MemoryMB != 0 && t.Limits.MemoryMB < rulebox.MinMemory>>20 || t.Limits.MemoryMB > maxTryMemory:
		return nil, fmt.Errorf("limits.memory_mb is %d; it must be from %d to %d, or 0 for the default", t.Limits.MemoryMB, rulebox.MinMemory>>20, maxTryMemory)
	case t.Now != nil && (*t.Now < -maxNow || *t.Now > maxNow):
		return nil, fmt.Errorf("now is %d; it is milliseconds since 1970, at most %d", *t.Now, int64(maxNow))
	case len(t.Session) > maxSession:
		return nil, fmt.Errorf("session is longer than %d bytes", maxSession)
	}
	return t, nil
}

// inJSONTerms returns what the decoder says without Go's names of types.
func inJSONTerms(err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON text ends too early")
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d: %v", syntax.Offset, err)
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("it is not a JSON object, but a JSON %s", kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("%s must be %s, not a JSON %s (byte %d)", kind.Field, jsonTerm(kind.Type), kind.Value, kind.Offset)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("unknown member %s", name)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// jsonTerm is what JSON calls the values of a Go type.
func jsonTerm(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		switch t.Elem().Kind() {
		case reflect.Uint8:
			return "a string in base64"
		case reflect.Struct:
			return "an array of objects"
		}
		return "an array of strings"
	}
	return "an object"
}
