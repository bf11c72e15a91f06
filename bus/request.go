package bus

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/request"
)

// Names of headers.
const (
	HeaderRemaining = "Rulebox-Remaining-Ms"
	HeaderCode      = "Rulebox-Code"
	HeaderDecision  = "Rulebox-Decision"
	HeaderTrace     = "traceparent"
)

// maxRemaining bounds what Rulebox-Remaining-Ms can ask for. Limits of the
// tenant are far below; it keeps arithmetic on durations safe.
const maxRemaining = 24 * time.Hour

func header(h nats.Header, key string) string {
	if v := h[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// decodeRequest returns the invocation that a request asks for. Its arguments
// share memory with data. If the id can be read it is returned also with an
// error, for the answer.
func decodeRequest(subject string, data []byte) (inv *rulebox.Invocation, id string, err error) {
	tenant, trigger, err := parseSubject(subject)
	if err != nil {
		return nil, "", err
	}
	inv, id, err = request.Parse(trigger, data)
	if err != nil {
		return nil, id, err
	}
	inv.Tenant = tenant
	return inv, id, nil
}

// remainingOf returns the caller's remaining time; ok is false if it set none.
func remainingOf(h nats.Header) (d time.Duration, ok bool, err error) {
	s := header(h, HeaderRemaining)
	if s == "" {
		return 0, false, nil
	}
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, false, rulebox.Errorf(rulebox.CodeInvalid, "header %s: %.40q is not a whole number of milliseconds", HeaderRemaining, s)
	}
	return time.Duration(min(ms, maxRemaining.Milliseconds())) * time.Millisecond, true, nil
}

// replyMargin is taken off the remaining time that a client passes on, so that
// the node's own answer to a passed deadline, which says what took the time, is
// back before the client gives up.
func replyMargin(remaining time.Duration) time.Duration {
	return min(remaining/10, 250*time.Millisecond)
}

// setRemaining writes the remaining time until ctx's deadline.
func setRemaining(ctx context.Context, h nats.Header) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return
	}
	left := time.Until(deadline)
	left -= replyMargin(left)
	h[HeaderRemaining] = []string{strconv.FormatInt(max(left.Milliseconds(), 0), 10)}
}

// buffers hold the bodies of messages while they are sent: NATS copies them. A
// buffer that grew large is not kept.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxBuffer = 64 << 10

func getBuffer() *[]byte { return buffers.Get().(*[]byte) }

func putBuffer(buf *[]byte) {
	if cap(*buf) <= maxBuffer {
		*buf = (*buf)[:0]
		buffers.Put(buf)
	}
}
