package transaction

import (
	"encoding/json"
	"strings"

	"github.com/rulebox/rulebox"
)

// maxProfileID bounds a user's id, in bytes.
const maxProfileID = 256

// databasePrefix begins the id of every user of a database.
const databasePrefix = "auth0|"

func withoutPrefix(id string) string { return strings.TrimPrefix(id, databasePrefix) }

// profileOf returns the profile that a script gave, in the form that transaction
// servers keep: user_id with its prefix, identities, and what can be derived. The
// error names the script and says what is missing.
func profileOf(c *Connection, script string, value json.RawMessage) (profile json.RawMessage, id string, err error) {
	o, ok := objectOf(value)
	if !ok {
		return nil, "", unfitProfile(script, "is no object", "give callback(null, profile) an object with user_id")
	}
	if id = idOf(&o); id == "" {
		return nil, "", unfitProfile(script, "has no user_id", "user_id must be a string or number that is this user's for ever, the same in login and get_user")
	}
	if len(id) > maxProfileID {
		return nil, "", unfitProfile(script, "has a user_id of more than 256 bytes", "use the key of the user's row")
	}
	for _, name := range []string{"user_metadata", "app_metadata"} {
		if v := o.get(name); v != nil && !isNull(v) && v[0] != '{' {
			return nil, "", unfitProfile(script, "has "+name+" that is no object", name+" is an object or left out")
		}
	}
	email, username := textOf(o.get("email")), textOf(o.get("username"))
	switch {
	case c.RequiresUsername && username == "":
		return nil, "", unfitProfile(script, "has no username", "the connection has requires_username: give the profile a username")
	case email == "" && username == "" && textOf(o.get("phone_number")) == "":
		return nil, "", unfitProfile(script, "has none of email, username, phone_number", "give the profile what the user logs in with")
	}
	o.set("user_id", quote(databasePrefix+id))
	o.remove("id")
	o.remove("password") // a row that was passed on whole
	if old := o.get("metadata"); len(old) > 0 && old[0] == '{' && o.get("app_metadata") == nil {
		o.set("app_metadata", old)
		o.remove("metadata")
	}
	o.set("email_verified", json.RawMessage(map[bool]string{true: "true", false: "false"}[string(o.get("email_verified")) == "true"]))
	local, _, _ := strings.Cut(email, "@")
	for _, d := range []struct{ name, value string }{{"name", email}, {"name", username}, {"nickname", local}, {"nickname", username}} {
		if isNull(o.get(d.name)) && d.value != "" {
			o.set(d.name, quote(d.value))
		}
	}
	identify(c, &o, id)
	return o.text(), databasePrefix + id, nil
}

// identify sets the user's one identity. Tokens of a database belong into it.
func identify(c *Connection, o *object, id string) {
	var identity object
	identity.set("connection", quote(c.Name))
	identity.set("provider", quote("auth0"))
	identity.set("user_id", quote(id))
	identity.set("isSocial", json.RawMessage("false"))
	for _, name := range []string{"access_token", "refresh_token"} {
		if v := o.get(name); v != nil {
			identity.set(name, v)
			o.remove(name)
		}
	}
	o.set("identities", json.RawMessage("["+string(identity.text())+"]"))
}

// idOf returns the id of the profile; old templates call it id.
func idOf(o *object) string {
	for _, name := range []string{"user_id", "id"} {
		v := o.get(name)
		if s := textOf(v); s != "" {
			return s
		}
		if len(v) > 0 && (v[0] >= '0' && v[0] <= '9' || v[0] == '-') {
			return string(v)
		}
	}
	return ""
}

func unfitProfile(script, what, hint string) *rulebox.Error {
	e := rulebox.Errorf(rulebox.CodeThrew, "the profile that the script %s gave %s", script, what).WithHint("%s", hint)
	e.Script = script
	return e
}
