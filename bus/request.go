package bus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
	"github.com/rulebox/rulebox"
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
		body.id = nuid.Next()
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

// decodeBody reads the body of a request. Of a member given twice the last
// counts, as in JavaScript.
func decodeBody(data []byte) (b requestBody, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	tok, err := dec.Token()
	if err != nil {
		return b, malformed(dec, err)
	}
	if tok != json.Delim('{') {
		return b, invalid("the body is not a JSON object")
	}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return b, malformed(dec, err)
		}
		key, _ := tok.(string)
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return b, malformed(dec, err)
		}
		end := int(dec.InputOffset())
		raw = data[end-len(raw) : end : end]
		if err := b.set(key, raw, end-len(raw)); err != nil {
			return b, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return b, malformed(dec, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return b, invalid("the body goes on after its JSON object, at byte %d", dec.InputOffset())
	}
	switch {
	case b.user == nil:
		return b, invalid("the body has no member user")
	case b.context == nil:
		return b, invalid("the body has no member context")
	}
	return b, nil
}

func malformed(dec *json.Decoder, err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return invalid("the body is not JSON: %v, at byte %d", err, syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return invalid("the body is not JSON: it ends too early, at byte %d", dec.InputOffset())
	}
	return invalid("the body is not JSON: %v", err)
}

func (b *requestBody) set(key string, raw json.RawMessage, at int) error {
	switch key {
	case "id":
		var id string
		if raw[0] != '"' || json.Unmarshal(raw, &id) != nil {
			return invalid("id, at byte %d, is not a string", at)
		}
		if err := checkID(id); err != nil {
			return err
		}
		b.id = id
	case "user", "context":
		if raw[0] != '{' {
			return invalid("%s, at byte %d, is not an object", key, at)
		}
		if key == "user" {
			b.user = raw
		} else {
			b.context = raw
		}
	default:
		return invalid("the body has an unknown member %.80q, its value at byte %d", key, at)
	}
	return nil
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
