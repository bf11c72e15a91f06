package transaction

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/trigger"
)

// minHidden is the shortest password, in bytes, that is looked for in what scripts
// write: shorter ones are part of any text.
const minHidden = 4

// A hidden password is taken out of what leaves the scripts as text: they log what
// they are given, and engines quote the values that they stumble over. It is a net
// for mistakes; a script that wants to tell a password can.
type hidden struct{ forms *strings.Replacer }

// HidePassword returns what takes the password of a question to a database out of
// a text, such as a line that a script logs after its answer. Of other invocations it
// changes nothing.
func HidePassword(inv *rulebox.Invocation) func(string) string {
	t, err := trigger.Lookup(inv.Trigger)
	if err != nil || t.Form != trigger.Fields {
		return hidden{}.text
	}
	_, u, err := questionOf(t, inv)
	if err != nil {
		return hidden{}.text
	}
	return hider(u.password).text
}

func hider(password string) hidden {
	if len(password) < minHidden {
		return hidden{}
	}
	escaped, _ := json.Marshal(password)
	b := []byte(password)
	forms := []string{
		password, string(escaped[1 : len(escaped)-1]), string(quote(password)[1 : len(quote(password))-1]),
		strings.ReplaceAll(strings.ReplaceAll(password, `\`, `\\`), `'`, `\'`),
		url.QueryEscape(password), url.PathEscape(password), escapeComponent(password),
		base64.RawStdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
		hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, "[password]")
	}
	return hidden{strings.NewReplacer(pairs...)}
}

// escapeComponent is encodeURIComponent, which leaves !'()* as they are.
func escapeComponent(s string) string {
	return strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(url.QueryEscape(s))
}

func (h hidden) logs(logs []rulebox.Log) {
	for i := range logs {
		logs[i].Text = h.text(logs[i].Text)
	}
}

func (h hidden) text(s string) string {
	if h.forms == nil {
		return s
	}
	return h.forms.Replace(s)
}

// failure returns err without the password in its texts.
func (h hidden) failure(err error) error {
	var e *rulebox.Error
	if h.forms == nil || !errors.As(err, &e) {
		return err
	}
	told := *e
	told.Message, told.Hint, told.Trace = h.text(e.Message), h.text(e.Hint), h.text(e.Trace)
	told.Name, told.UserID, told.Reason = h.text(e.Name), h.text(e.UserID), h.text(e.Reason)
	return &told
}
