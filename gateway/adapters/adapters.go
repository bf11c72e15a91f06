// Package adapters answers the web hooks of identity servers: each server's own
// request becomes a trigger of a tenant, and the outcome the server's own answer.
//
// What a server cannot do (send the user away, ask for a second factor, save
// metadata) is never passed over in silence: what decides about a login makes it
// a refusal, the rest a line in the log.
package adapters

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/request"
)

// MaxBody bounds the body of a hook's request, in bytes.
const MaxBody = 1 << 20

// readTimeout is how long a server may take to send a body. It stands in the same
// data centre, or near; who is slow holds room that others of the tenant need, and
// has proved nothing yet.
const readTimeout = 5 * time.Second

// sendTimeout is how long a server may take to read an answer.
const sendTimeout = 30 * time.Second

// Options are what the adapters work with. Triggers and Settings must be set.
type Options struct {
	// Triggers answers invocations without a chain.
	Triggers rulebox.Invoker
	// Settings are a tenant's, by the adapter's name, as Validate has let them pass.
	Settings func(tenant string) map[string]json.RawMessage
	// Authorize says whether a bearer token may fire the tenant's triggers. Nil
	// lets no token in.
	Authorize func(token, tenant string) bool
	// Admit reserves memory for a request's body, of at most so many bytes, until
	// give is called. It is called again for what is longer. Nil means that there is always room.
	Admit func(r *http.Request, tenant string, most int64) (give func(), err error)
	// Logger is told what is wrong with requests and what could not be done. It gets
	// no guest data. Nil is silent.
	Logger *zap.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

type handler struct {
	Options
	// reminders is the log for what is the same with every login.
	reminders *zap.Logger
	// decoy is a key that nobody has.
	decoy []byte
	// deliveries are the signed requests of the last minutes, events those of
	// servers that try again for longer.
	deliveries, events seen
}

// New returns the handler of /v1/tenants/{tenant}/adapters/….
func New(o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	// Who has no secret may send as much as he likes: the log is not to be filled.
	reminders := sampled(o.Logger, time.Minute, 1)
	o.Logger = sampled(o.Logger, time.Second, 10)
	if o.Now == nil {
		o.Now = time.Now
	}
	decoy := make([]byte, minSecret)
	_, _ = rand.Read(decoy) // never fails
	h := &handler{Options: o, decoy: decoy, reminders: reminders, deliveries: seen{window: 2 * tolerance}, events: seen{window: eventAge + tolerance}}
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/tenants/{tenant}/adapters/{server}", h.serve)
	mux.HandleFunc("/v1/tenants/{tenant}/adapters/{server}/{hook...}", h.serve)
	return mux
}

// sampled returns a log that keeps so many lines of the same text in each interval.
func sampled(log *zap.Logger, interval time.Duration, lines int) *zap.Logger {
	return log.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core { return zapcore.NewSamplerWithOptions(c, interval, lines, 0) }))
}

// A server is one identity server's protocol.
type server struct {
	// hooks are its hooks by the rest of the path.
	hooks map[string]hook
	// guard says whether the request is the server's.
	guard guard
	// fail returns the answer for an error, in the server's own form.
	fail func(c *call, err *rulebox.Error) answer
	// check says what is wrong with the tenant's settings for the server.
	check func(*setting) error
}

// A hook returns what is answered with status 200, or an error: one with
// CodeDenied is a verdict, its message for the end user.
type hook struct {
	method string // POST, if it is empty
	guard  guard  // the server's, if it is nil
	run    func(c *call) (any, error)
}

// An answer is what is sent; a nil body is no body.
type answer struct {
	status int
	body   any
}

// servers are all adapters, by the name in the path and in rulebox.json.
var servers map[string]*server

func init() {
	servers = map[string]*server{"kratos": kratos, "hydra": hydra, "zitadel": zitadel, "supabase": supabase, "logto": logto, "keycloak": keycloak}
}

// A call is one request of a server.
type call struct {
	*handler
	r       *http.Request
	server  *server
	tenant  string
	name    string // of the server
	hook    string
	id      string
	setting setting
	body    []byte
	// lifts says that the call holds the turn of heavy results.
	lifts bool
	// noSecret is why nobody can prove himself here; empty if somebody can.
	noSecret string
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) {
	c := &call{handler: h, r: r, tenant: r.PathValue("tenant"), name: r.PathValue("server"), hook: r.PathValue("hook"), id: rulebox.NewID()}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendTimeout)) // not every writer can
	defer c.putDown()
	a, err := c.answer(w)
	if err != nil {
		a = c.failed(err)
	}
	c.write(w, a)
}

// answer does the work; an error becomes the server's own.
func (c *call) answer(w http.ResponseWriter) (answer, error) {
	if c.server = servers[c.name]; c.server == nil {
		return answer{}, notFound("there is no adapter %q", c.name).WithHint("the adapters are %s%s", strings.Join(names(), ", "), meant(c.name, names()))
	}
	hook, ok := c.server.hooks[c.hook]
	if !ok {
		return answer{}, c.noHook()
	}
	if method := cmp.Or(hook.method, http.MethodPost); c.r.Method != method {
		return answer{}, refuse(http.StatusMethodNotAllowed, "this is called with %s, not %s", method, c.r.Method)
	}
	settings, err := parseSettings(c.name, c.Settings(c.tenant)[c.name])
	if err != nil {
		return answer{}, err
	}
	c.setting = settings
	guard := c.server.guard
	if hook.guard != nil {
		guard = hook.guard
	}
	if err := guard.header(c); err != nil {
		return answer{}, err
	}
	give, err := c.read(w)
	if err != nil {
		return answer{}, err
	}
	defer give()
	release, again, err := guard.body(c)
	if err != nil {
		return answer{}, err
	}
	if again {
		return answer{status: http.StatusOK, body: struct{}{}}, nil
	}
	free, err := c.reserve()
	if err != nil {
		release(err)
		return answer{}, err
	}
	defer free()
	body, err := hook.run(c)
	release(err)
	if err != nil {
		return answer{}, err
	}
	if body == nil {
		return answer{status: http.StatusNoContent}, nil
	}
	return answer{status: http.StatusOK, body: body}, nil
}

// setID makes the server's own number of this delivery the transaction's, if it
// can be one.
func (c *call) setID(id string) {
	if id != "" && request.CheckID(id) == nil {
		c.id = id
	}
}

// firstRoom is the room that a body has at first, in bytes; each time that it is
// full it doubles. Room is not taken for all that may come: strangers who say that
// their signature follows from the body must send much to hold much.
const firstRoom = 16 << 10

func (c *call) read(w http.ResponseWriter) (give func(), err error) {
	if c.r.ContentLength > MaxBody {
		return nil, tooLarge()
	}
	var rooms []func()
	give = func() {
		for _, g := range rooms {
			g()
		}
	}
	// Names that may be no tenant's have one share together.
	tenant := c.tenant
	if c.noSecret != "" {
		tenant = ""
	}
	deadline := http.NewResponseController(w) // not every writer can; a server's can
	_ = deadline.SetReadDeadline(time.Now().Add(readTimeout))
	body := http.MaxBytesReader(w, c.r.Body, MaxBody)
	for room, full := firstRoom, true; full; room = min(len(c.body), MaxBody+1-len(c.body)) {
		if c.Admit != nil {
			g, err := c.Admit(c.r, tenant, int64(room))
			if err != nil {
				give()
				return nil, err
			}
			rooms = append(rooms, g)
		}
		part, err := io.ReadAll(io.LimitReader(body, int64(room)))
		if err != nil {
			give()
			return nil, notWhole(err)
		}
		c.body, full = append(c.body, part...), len(part) == room
	}
	// One that passed later would look as if the server had hung up. It stays where
	// the body was not read to its end: HTTP's server reads on, and would for ever.
	_ = deadline.SetReadDeadline(time.Time{})
	return give, nil
}

// notWhole is the refusal of a body that could not be read.
func notWhole(err error) error {
	if e := (*http.MaxBytesError)(nil); errors.As(err, &e) {
		return tooLarge()
	}
	return refuse(http.StatusBadRequest, "the body did not arrive whole")
}

func tooLarge() error {
	return refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", MaxBody)
}

// A statusError is an error of the edge that has a status of its own.
type statusError struct {
	err    *rulebox.Error
	status int
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

func (e *statusError) WithHint(format string, args ...any) *statusError {
	e.err.WithHint(format, args...)
	return e
}

func refuse(status int, format string, args ...any) *statusError {
	code := rulebox.CodeInvalid
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		code = rulebox.CodeForbidden
	}
	return &statusError{rulebox.Errorf(code, format, args...), status}
}

func notFound(format string, args ...any) *statusError {
	return refuse(http.StatusNotFound, format, args...)
}

// failed logs what went wrong, without what guests said, and returns the answer.
// Errors of the edge itself look the same for all servers: they are for whoever
// sets the hook up.
func (c *call) failed(err error) answer {
	var e *rulebox.Error
	if !errors.As(err, &e) {
		e = rulebox.Errorf(rulebox.CodeInternal, "internal error").WithCause(err)
	}
	var edge *statusError
	ours := errors.As(err, &edge)
	if e.Code != rulebox.CodeDenied && (!ours || edge.status != http.StatusUnauthorized) { // of that the log has the reason
		fields := []zap.Field{zap.String("code", string(e.Code))}
		if ours || e.Code == rulebox.CodeInvalid || e.Code == rulebox.CodeForbidden && e.Script == "" {
			fields = append(fields, zap.String("error", e.Message), zap.String("hint", e.Hint))
		}
		c.warn("hook failed", fields...)
	}
	if ours {
		return answer{status: edge.status, body: map[string]any{"error": e}}
	}
	if c.server == nil {
		return answer{status: http.StatusInternalServerError}
	}
	return c.server.fail(c, e)
}

// warn logs with what is known of the call. Names that a stranger chose are cut.
func (c *call) warn(text string, fields ...zap.Field) {
	c.Logger.Warn("adapter: "+text, append([]zap.Field{
		zap.String("tenant", cut(c.tenant)), zap.String("adapter", cut(c.name)), zap.String("hook", cut(c.hook)), zap.String("id", c.id)}, fields...)...)
}

func cut(s string) string { return s[:min(len(s), 64)] }

// undone logs that a script asked for something that the server has no way to do.
// Once a minute is enough for each tenant, adapter and text.
func (c *call) undone(what string) {
	c.reminders.Warn("adapter "+c.name+" of tenant "+c.tenant+": not done: "+what, zap.String("hook", c.hook), zap.String("id", c.id))
}

func (c *call) write(w http.ResponseWriter, a answer) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	switch a.status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", "1")
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(a.body); err != nil {
		c.warn("the answer cannot be written as JSON")
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	c.putDown() // before the server takes its time to read
	header.Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write(b.Bytes()) // the server may be gone; there is nobody to tell
}
