package adapters

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
)

const (
	// tolerance is how far the time of a signature may be from ours.
	tolerance = 5 * time.Minute
	// eventAge is how long after it happened an event may arrive: servers try again
	// for a quarter of an hour.
	eventAge = 20 * time.Minute
)

// A guard says whether a request comes from the tenant's identity server.
type guard interface {
	// header looks at the request before its body is read.
	header(c *call) error
	// body looks at all of it. Again says that it is an event which was dealt with
	// before; release is called with how it ended.
	body(c *call) (release func(error), again bool, err error)
}

func keep(error) {}

// unauthorized answers everybody the same and tells the log why: strangers do not
// learn which tenants and adapters there are.
func (c *call) unauthorized(why string) error {
	c.warn("refused", zap.String("why", why))
	return &statusError{rulebox.Errorf(rulebox.CodeForbidden, "the request does not prove that it comes from the tenant's identity server").
		WithHint("adapters.%s in the tenant's rulebox.json must have the secret that the server uses, and the clocks must agree; the node's log says what is wrong", c.name), http.StatusUnauthorized}
}

// nobody notes that there is nothing that a signature could hold under: there may be
// no such tenant. The body is read all the same, and the answer comes after it, as
// for a signature that does not hold.
func (c *call) nobody(why string) { c.noSecret = why }

// equal compares secrets in a time that tells neither their length nor their
// content.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func oneOf(key string, secrets []string) bool {
	found := false
	for _, s := range secrets {
		found = equal(key, s) || found
	}
	return found
}

// shared is the guard of servers that send an API key: the setting's secret or a
// token of the tenant, as a bearer token, in X-Api-Key, or as the password of basic
// authentication.
type shared struct{}

func (shared) header(c *call) error {
	key := c.r.Header.Get("X-Api-Key")
	if scheme, token, ok := strings.Cut(c.r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		key = token
	} else if _, password, ok := c.r.BasicAuth(); ok {
		key = password
	}
	switch {
	case key == "":
		return c.unauthorized("there is no key: neither Authorization nor X-Api-Key")
	case c.setting.Secret != "" && oneOf(key, strings.Split(c.setting.Secret, "|")):
		return nil
	case c.Authorize != nil && c.Authorize(key, c.tenant):
		return nil
	}
	return c.unauthorized("the key is neither the adapter's secret nor a token of the tenant")
}

func (shared) body(*call) (func(error), bool, error) { return keep, false, nil }

// inTime says whether a signature's time, in seconds since 1970, is near enough.
func (c *call) inTime(text string) bool {
	t, err := strconv.ParseInt(text, 10, 64)
	if err != nil || t < 0 || t > 1<<40 {
		return false
	}
	d := c.Now().Sub(time.Unix(t, 0))
	return d <= tolerance && d >= -tolerance
}

func sign(key []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)
}

// standardWebhook is the guard of servers that sign as www.standardwebhooks.com
// says, with HMAC-SHA256 (v1): each delivery has an id of its own, which counts
// once.
type standardWebhook struct{}

func (standardWebhook) header(c *call) error {
	h := c.r.Header
	switch {
	case h.Get("webhook-id") == "" || h.Get("webhook-signature") == "":
		return c.unauthorized("the header webhook-id or webhook-signature is missing")
	case !c.inTime(h.Get("webhook-timestamp")):
		return c.unauthorized("webhook-timestamp is missing, or too far from now")
	case c.setting.Secret == "":
		c.nobody("the tenant has no secret for this adapter")
	}
	return nil
}

func (standardWebhook) body(c *call) (func(error), bool, error) {
	if c.noSecret != "" {
		signedV1([][]byte{c.decoy}, "", c.body, c.r.Header.Get("webhook-signature"))
		return nil, false, c.unauthorized(c.noSecret)
	}
	keys, err := webhookKeys(c.setting.Secret)
	if err != nil {
		return nil, false, err
	}
	h := c.r.Header
	id := h.Get("webhook-id")
	if !signedV1(keys, id+"."+h.Get("webhook-timestamp")+".", c.body, h.Get("webhook-signature")) {
		return nil, false, c.unauthorized("webhook-signature does not hold")
	}
	first, err := c.deliveries.take(c.tenant, c.name+" "+id, c.Now())
	if err != nil {
		return nil, false, err
	}
	if !first {
		return nil, false, c.unauthorized("webhook-id was used before")
	}
	c.setID(id)
	return keep, false, nil
}

// signedV1 says whether one of the signatures of the header holds under one of the
// keys. Signatures have blanks between; Supabase has a comma too.
func signedV1(keys [][]byte, prefix string, body []byte, header string) bool {
	held := false
	for _, key := range keys {
		want := sign(key, prefix, string(body))
		for field := range strings.FieldsSeq(header) {
			text, ok := strings.CutPrefix(strings.TrimSuffix(field, ","), "v1,")
			if got, err := base64.StdEncoding.DecodeString(text); ok && err == nil && hmac.Equal(got, want) {
				held = true
			}
		}
	}
	return held
}

// zitadelSignature is the guard of ZITADEL's targets: ZITADEL-Signature has the time
// and HMAC-SHA256 of both. It signs no id: two logins of one user in one second may
// well be the same bytes. So the same may come again, but only soon.
type zitadelSignature struct{}

// soon is how long after its time a signature may come again.
const soon = 10 * time.Second

func (zitadelSignature) header(c *call) error {
	t, signatures := zitadelHeader(c.r.Header.Get("ZITADEL-Signature"))
	switch {
	case len(signatures) == 0:
		return c.unauthorized("the header ZITADEL-Signature is missing, or not t=…,v1=…")
	case !c.inTime(t):
		return c.unauthorized("the time of ZITADEL-Signature is missing, or too far from now")
	case c.setting.Secret == "":
		c.nobody("the tenant has no secret for this adapter")
	}
	return nil
}

func (zitadelSignature) body(c *call) (func(error), bool, error) {
	t, signatures := zitadelHeader(c.r.Header.Get("ZITADEL-Signature"))
	if c.noSecret != "" {
		sign(c.decoy, t, ".", string(c.body))
		return nil, false, c.unauthorized(c.noSecret)
	}
	held := false
	want := ""
	for _, key := range strings.Split(c.setting.Secret, "|") {
		sum := sign([]byte(key), t, ".", string(c.body))
		for _, s := range signatures {
			if hmac.Equal(s, sum) {
				held, want = true, hex.EncodeToString(sum)
			}
		}
	}
	if !held {
		return nil, false, c.unauthorized("ZITADEL-Signature does not hold")
	}
	first, err := c.deliveries.take(c.tenant, c.name+" "+want, c.Now())
	if err != nil {
		return nil, false, err
	}
	if at, _ := strconv.ParseInt(t, 10, 64); !first && c.Now().Sub(time.Unix(at, 0)) > soon {
		return nil, false, c.unauthorized("the signature was used before, and is not of now")
	}
	return keep, false, nil
}

// zitadelHeader takes t=…,v1=…,v1=… apart. Parts that it does not know are skipped.
func zitadelHeader(header string) (t string, signatures [][]byte) {
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			t = value
		case "v1":
			if s, err := hex.DecodeString(value); err == nil && len(s) == sha256.Size {
				signatures = append(signatures, s)
			}
		}
	}
	return t, signatures
}

// signedEvent is the guard of events whose signature is the hex HMAC-SHA256 of the
// body. Nothing but the body says when it was sent: event finds the time and the
// event's own id in it. Servers send an event again until it is taken; one that was
// is not dealt with twice.
type signedEvent struct {
	name  string // of the header
	event func(body []byte) (id string, at time.Time, err error)
}

func (g signedEvent) header(c *call) error {
	switch {
	case c.r.Header.Get(g.name) == "":
		return c.unauthorized("the header " + g.name + " is missing")
	case c.setting.SigningKey == "":
		c.nobody("the tenant has no signing_key for this adapter")
	}
	return nil
}

func (g signedEvent) body(c *call) (func(error), bool, error) {
	if c.noSecret != "" {
		sign(c.decoy, string(c.body))
		return nil, false, c.unauthorized(c.noSecret)
	}
	held := false
	got, err := hex.DecodeString(c.r.Header.Get(g.name))
	for _, key := range strings.Split(c.setting.SigningKey, "|") {
		held = held || err == nil && hmac.Equal(got, sign([]byte(key), string(c.body)))
	}
	if !held {
		return nil, false, c.unauthorized(g.name + " does not hold")
	}
	id, at, err := g.event(c.body)
	if err != nil {
		return nil, false, err
	}
	if age := c.Now().Sub(at); age > eventAge || age < -tolerance {
		return nil, false, c.unauthorized("the event is too old, or from the future")
	}
	delivery := c.name + " " + id
	first, err := c.events.take(c.tenant, delivery, c.Now())
	if err != nil {
		return nil, false, err
	}
	c.setID(id)
	return func(err error) {
		if err != nil {
			c.events.forget(c.tenant, delivery)
		}
	}, !first, nil
}
