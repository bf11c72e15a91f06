package bus

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonscan"
)

// Names of headers.
const (
	HeaderRemaining = "Rulebox-Remaining-Ms"
	HeaderCode      = "Rulebox-Code"
	HeaderDecision  = "Rulebox-Decision"
	HeaderTrace     = "traceparent"
)

// maxID is the greatest length of a transaction id in bytes.
const maxID = 128

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
	body, err := decodeBody(data)
	if err != nil {
		return nil, body.id, err
	}
	if body.id == "" {
		body.id = rulebox.NewID()
	}
	return &rulebox.Invocation{
		Tenant:  tenant,
		Trigger: trigger,
		ID:      body.id,
		Args:    []json.RawMessage{body.user, body.context},
	}, body.id, nil
}

type requestBody struct {
	id            string
	user, context json.RawMessage
}

func invalid(format string, args ...any) *rulebox.Error {
	return rulebox.Errorf(rulebox.CodeInvalid, format, args...).
		WithHint(`the body is a JSON object {"id":"…","user":{…},"context":{…}}; id may be left out`)
}

// indexes are kept for the next request; a list that grew long is not.
var indexes = sync.Pool{New: func() any { return new(jsonscan.Index) }}

const maxPooled = 1 << 14

// decodeBody reads the body of a request. Of a member given twice the last
// counts, as in JavaScript.
func decodeBody(data []byte) (b requestBody, err error) {
	x := indexes.Get().(*jsonscan.Index)
	defer func() {
		if cap(x.Values) <= maxPooled {
			indexes.Put(x)
		}
	}()
	if err := x.Scan(data); err != nil {
		return b, invalid("the body is %v", err)
	}
	if x.Values[0].Kind != jsonscan.Object {
		return b, invalid("the body is not a JSON object")
	}
	for i := uint32(1); i < x.Values[0].Next; i = x.Values[i+1].Next {
		if err := b.set(data, x, i); err != nil {
			return b, err
		}
	}
	switch {
	case b.user == nil:
		return b, invalid("the body has no member user")
	case b.context == nil:
		return b, invalid("the body has no member context")
	}
	return b, nil
}

// set takes the member whose key is value i of the index.
func (b *requestBody) set(data []byte, x *jsonscan.Index, i uint32) error {
	v := x.Values[i+1]
	raw := data[v.Start:v.End:v.End]
	switch {
	case x.KeyIs(data, i, "user"):
		b.user = raw
		return mustBeObject("user", v)
	case x.KeyIs(data, i, "context"):
		b.context = raw
		return mustBeObject("context", v)
	case x.KeyIs(data, i, "id"):
		if v.Kind != jsonscan.String {
			return invalid("id, at byte %d, is not a string", v.Start)
		}
		id, _ := jsonscan.AppendString(nil, raw[1:len(raw)-1])
		if err := checkID(string(id)); err != nil {
			return err
		}
		b.id = string(id)
		return nil
	}
	key := x.Values[i]
	return invalid("the body has an unknown member %.80s at byte %d", data[key.Start:key.End], key.Start)
}

func mustBeObject(what string, v jsonscan.Value) error {
	if v.Kind == jsonscan.Object {
		return nil
	}
	return invalid("%s, at byte %d, is not an object", what, v.Start)
}

func checkID(id string) error {
	if len(id) > maxID {
		return invalid("id has %d bytes, more than %d", len(id), maxID)
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return invalid("id has a character, at its byte %d, that is not visible ASCII", i)
		}
	}
	return nil
}

// appendBody appends the body of a request. The id needs no escapes beyond those
// of quote and backslash, for checkID let it pass.
func appendBody(dst []byte, inv *rulebox.Invocation) []byte {
	dst = append(dst, '{')
	if inv.ID != "" {
		dst = append(dst, `"id":"`...)
		for i := range len(inv.ID) {
			if c := inv.ID[i]; c == '"' || c == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, inv.ID[i])
		}
		dst = append(dst, `",`...)
	}
	dst = append(dst, `"user":`...)
	dst = append(dst, inv.Args[0]...)
	dst = append(dst, `,"context":`...)
	dst = append(dst, inv.Args[1]...)
	return append(dst, '}')
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
