// Package gateway is the HTTP edge: it fires triggers, runs unsaved code for
// those who may, and tells whether the node is well.
package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/gateway/adapters"
	"github.com/rulebox/rulebox/internal/request"
)

// A Right is what a bearer token is asked for.
type Right int

const (
	// RunTriggers fires a tenant's triggers.
	RunTriggers Right = iota
	// RunUnsaved runs code that is not stored. An operator's right.
	RunUnsaved
)

// MaxBody bounds a request's body, in bytes.
const MaxBody = 4 << 20

// Options are what a gateway works with. All fields but Known,
// Adapters and Logger must be set.
type Options struct {
	// Triggers answers invocations without a chain.
	Triggers rulebox.Invoker
	// Unsaved answers invocations with a chain.
	Unsaved rulebox.Invoker
	// Authorize says whether the bearer token has the right for the tenant.
	Authorize func(token, tenant string, right Right) bool
	// Known says whether there is such a token at all, so that one that is not
	// known is 401 and one that lacks the right is 403. It is asked only for a
	// token that Authorize refused. Nil means that all are known.
	Known func(token string) bool
	// Ready runs a synthetic rule on the real path.
	Ready func(ctx context.Context) error
	// Metrics serves /metrics.
	Metrics http.Handler
	// Adapters are a tenant's settings for the hooks of identity servers, by
	// adapter, which adapters.Validate has let pass. Nil means that no hook is
	// answered.
	Adapters func(tenant string) map[string]json.RawMessage
	// Logger is told what the adapters could not do. Nil is silent.
	Logger *zap.Logger
}

type gateway struct {
	Options
	ready  prober
	bodies budget
	// hooks has the bodies of identity servers apart: who proves himself by a
	// signature has sent his body before that.
	hooks budget
}

// New returns the handler of every path.
func New(o Options) http.Handler {
	g := &gateway{Options: o, ready: prober{probe: o.Ready}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/tenants/{tenant}/triggers/{trigger}", g.trigger)
	mux.HandleFunc("POST /v1/tenants/{tenant}/try", g.try)
	if o.Adapters != nil {
		mux.Handle("/v1/tenants/{tenant}/adapters/", adapters.New(adapters.Options{
			Triggers: o.Triggers, Settings: o.Adapters, Admit: g.hooks.take, Logger: o.Logger,
			Authorize: func(token, tenant string) bool { return o.Authorize(token, tenant, RunTriggers) },
		}))
	}
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", g.readyz)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		mayTake(w)
		o.Metrics.ServeHTTP(w, r)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, rulebox.Errorf(rulebox.CodeInvalid, "there is no %s %s", r.Method, r.URL.Path).
			WithHint("POST /v1/tenants/{tenant}/triggers/{trigger}, POST /v1/tenants/{tenant}/try, /v1/tenants/{tenant}/adapters/{server}/{hook}, GET /livez, /readyz, /metrics"))
	})
	return mux
}

// trigger fires a stored chain.
func (g *gateway) trigger(w http.ResponseWriter, r *http.Request) {
	tenant := r.PathValue("tenant")
	body, give := g.admit(w, r, tenant, RunTriggers)
	if give == nil {
		return
	}
	defer give()
	inv, id, err := request.Parse(r.PathValue("trigger"), body)
	if err != nil {
		failed(w, 0, id, err)
		return
	}
	inv.Tenant = tenant
	ctx, cancel, err := deadline(r)
	if err != nil {
		fail(w, 0, err)
		return
	}
	defer cancel()
	res, err := g.Triggers.Invoke(ctx, inv)
	answer(w, inv.ID, res, err)
}

// admit checks the token and reads the body; it answers the request itself, and
// give is nil, when one of them will not do. Give is called when nothing of the
// body is needed any more.
func (g *gateway) admit(w http.ResponseWriter, r *http.Request, tenant string, right Right) (body []byte, give func()) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		w.Header().Set("WWW-Authenticate", "Bearer")
		fail(w, http.StatusUnauthorized, rulebox.Errorf(rulebox.CodeForbidden, "this needs a token").
			WithHint("send Authorization: Bearer TOKEN; `rulebox token create` makes one"))
		return nil, nil
	}
	if !g.Authorize(token, tenant, right) {
		if g.Known != nil && !g.Known(token) {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			fail(w, http.StatusUnauthorized, rulebox.Errorf(rulebox.CodeForbidden, "the token is not known").
				WithHint("it may be revoked, or cut short when it was copied; `rulebox token create` makes one"))
			return nil, nil
		}
		hint := "the token is for other tenants"
		if g.Known == nil {
			hint = "the token is unknown, or for other tenants"
		}
		if right == RunUnsaved {
			hint = "unsaved code needs an operator's token: `rulebox token create` without --tenant"
		}
		fail(w, http.StatusForbidden, rulebox.Errorf(rulebox.CodeForbidden, "the token does not allow this").WithHint("%s", hint))
		return nil, nil
	}
	give, err := g.bodies.take(r, tenant, MaxBody)
	if err != nil {
		fail(w, 0, err)
		return nil, nil
	}
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		give()
	}
	if e := (*http.MaxBytesError)(nil); errors.As(err, &e) {
		fail(w, http.StatusRequestEntityTooLarge, rulebox.Errorf(rulebox.CodeInvalid, "the body is larger than %d bytes", e.Limit))
		return nil, nil
	}
	if err != nil {
		fail(w, http.StatusBadRequest, rulebox.Errorf(rulebox.CodeInvalid, "the body did not arrive whole"))
		return nil, nil
	}
	return body, give
}

// deadline applies the caller's remaining time, which travels in milliseconds.
func deadline(r *http.Request) (context.Context, context.CancelFunc, error) {
	v := r.Header.Get("Rulebox-Remaining-Ms")
	if v == "" {
		return r.Context(), func() {}, nil
	}
	ms, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return nil, nil, rulebox.Errorf(rulebox.CodeInvalid, "header Rulebox-Remaining-Ms is %q; it must be whole milliseconds", v)
	}
	if ms <= 0 {
		return nil, nil, rulebox.Errorf(rulebox.CodeTimeout, "the caller's deadline had passed before the request arrived")
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Duration(min(ms, 1<<40))*time.Millisecond)
	return ctx, cancel, nil
}

// answer writes an outcome. Its status follows the code; a verdict is 200. The id
// is for an error that came without a result.
func answer(w http.ResponseWriter, id string, res *rulebox.Result, err error) {
	if res == nil && err != nil {
		failed(w, 0, id, err)
		return
	}
	status := http.StatusOK
	if res == nil || res.Decision == rulebox.Fault {
		status = statusOf(rulebox.CodeOf(err))
	}
	write(w, status, res, err)
}

// fail writes an error of the edge itself; status 0 means the code's own.
func fail(w http.ResponseWriter, status int, err error) { failed(w, status, "", err) }

func failed(w http.ResponseWriter, status int, id string, err error) {
	if status == 0 {
		status = statusOf(rulebox.CodeOf(err))
	}
	write(w, status, &rulebox.Result{ID: id, Decision: rulebox.Fault}, err)
}

func write(w http.ResponseWriter, status int, res *rulebox.Result, err error) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if code := rulebox.CodeOf(err); code != "" {
		h.Set("Rulebox-Code", string(code))
	}
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	mayTake(w)
	w.WriteHeader(status)
	// The caller may be gone; there is nobody to tell.
	_, _ = w.Write(append(rulebox.AppendOutcome(nil, res, err), '\n'))
}

// statusOf is the table from codes to HTTP. Faults of a script are 422: the
// request was fine, and repeating it is of no use.
func statusOf(code rulebox.Code) int {
	switch code {
	case "", rulebox.CodeDenied:
		return http.StatusOK
	case rulebox.CodeInvalid:
		return http.StatusBadRequest
	case rulebox.CodeThrew, rulebox.CodeForbidden, rulebox.CodeMemory:
		return http.StatusUnprocessableEntity
	case rulebox.CodeTimeout:
		return http.StatusGatewayTimeout
	case rulebox.CodeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	mayTake(w)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
