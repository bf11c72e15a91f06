package transaction

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/rulebox/rulebox"
)

// maxMetadata bounds what one chain changes of a user's metadata, in bytes, for
// user_metadata and app_metadata each.
const maxMetadata = 32 << 10

// reserved are claims that nobody but the authorization server sets.
var reserved = func() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(`acr act active amr at_hash ath attest aud auth_time authorization_details azp c_hash
		client_id cnf cty dest entitlements events exp groups gty htm htu iat internalService iss jcard jku jti jwe jwk kid
		may_act mky nbf nonce object_id org_id org_name orig origid permissions roles rph s_hash sid sip_callid sip_cseq_num
		sip_date sip_from_tag sip_via_branch sub sub_jwk toe txn typ uuid vot vtm x5t#S256`) {
		m[name] = true
	}
	return m
}()

func isReserved(claim string) bool {
	return reserved[claim] || strings.HasPrefix(claim, "$") || strings.HasPrefix(claim, "urn:auth0")
}

// effects are commands in the form that rules leave the same things in.
type effects struct {
	// idToken, accessToken and saml are members of those members of the context;
	// context has others.
	idToken, accessToken, saml, context object
	// scopes are changes of the granted scopes, in order.
	scopes []func(*scopes)
	// attributes are SAML's, by name; null takes one away.
	attributes object
	// userMetadata and appMetadata are changes: null takes a key away.
	userMetadata, appMetadata object
	// answer has the members of what triggers without a context are answered.
	answer object
}

// collect returns what the commands amount to, and those of them that count:
// claims that are reserved are left out, as if nobody had asked.
func collect(commands []command) (*effects, []command, error) {
	e := &effects{}
	kept := commands[:0:0]
	for _, c := range commands {
		if e.add(&c) {
			kept = append(kept, c)
		}
	}
	for _, m := range e.metadata() {
		if m.patch.empty() {
			continue
		}
		if n := len(m.patch.text()); n > maxMetadata {
			return nil, nil, rulebox.Errorf(rulebox.CodeMemory, "the actions change %d bytes of %s; at most %d can be changed in one transaction", n, m.name, maxMetadata).
				WithHint("keep what is larger in a database of your own, and its key in the metadata")
		}
	}
	return e, kept, nil
}

// metadata lists what is to be changed of the user.
func (e *effects) metadata() []metadataPatch {
	return []metadataPatch{{"user_metadata", &e.userMetadata}, {"app_metadata", &e.appMetadata}}
}

type metadataPatch struct {
	name  string
	patch *object
}

// none reports whether there is nothing to apply.
func (e *effects) none() bool {
	for _, o := range []*object{&e.idToken, &e.accessToken, &e.saml, &e.context, &e.attributes, &e.userMetadata, &e.appMetadata} {
		if !o.empty() {
			return false
		}
	}
	return len(e.scopes) == 0
}

// tokens lists the members of the context that have members of their own.
func (e *effects) tokens() []metadataPatch {
	return []metadataPatch{{"idToken", &e.idToken}, {"accessToken", &e.accessToken}, {"samlConfiguration", &e.saml}}
}

// add takes one command in; it reports false if that is to be left out.
func (e *effects) add(c *command) bool {
	switch area, name, _ := strings.Cut(c.name, "."); area {
	case "idToken", "accessToken", "multifactor":
		return e.token(area, name, c)
	case "samlResponse":
		if name == "setAttribute" {
			e.attributes.set(c.str(0), orNull(c.arg(1)))
		} else {
			e.saml.set(samlSettings[c.name], orNull(c.arg(0)))
		}
	case "user":
		patch := &e.userMetadata
		if name == "setAppMetadata" {
			patch = &e.appMetadata
		}
		patch.set(c.str(0), orNull(c.arg(1)))
	case "transaction":
		e.transaction(name, c)
	case "authentication":
		e.authentication(name, c)
	case "notification":
		reason := c.str(0)
		if len(reason) > maxRetryReason {
			reason = strings.ToValidUTF8(reason[:maxRetryReason], "")
		}
		e.answer.set("status", quote(name))
		e.answer.set("reason", quote(reason))
	}
	return true
}

// maxRetryReason is where the reason of a message that was not sent is cut, in
// bytes.
const maxRetryReason = 1024

func (e *effects) token(area, name string, c *command) bool {
	switch {
	case name == "setCustomClaim" && isReserved(c.str(0)):
		return false
	case name == "setCustomClaim" && area == "idToken":
		e.idToken.set(c.str(0), orNull(c.arg(1)))
	case name == "setCustomClaim":
		e.accessToken.set(c.str(0), orNull(c.arg(1)))
	case name == "addScope":
		e.scope(add(c.str(0)))
	case name == "removeScope":
		e.scope(without(c.str(0)))
	case area == "multifactor":
		m, _ := objectOf(at(c.arg(1), "providerOptions"))
		m.set("provider", c.arg(0))
		remember := at(c.arg(1), "allowRememberBrowser")
		if remember == nil {
			remember = json.RawMessage("false")
		}
		m.set("allowRememberBrowser", remember)
		e.context.set("multifactor", m.text())
	}
	return true
}

func (e *effects) transaction(name string, c *command) {
	switch name {
	case "addTargetScope":
		e.scope(add(c.str(0)))
	case "removeTargetScope":
		e.scope(without(c.str(0)))
	case "clearTargetScopes":
		e.scope(func(s *scopes) { *s = scopes{} })
	case "setTargetScopes":
		all := stringsOf(c.arg(0))
		e.scope(func(s *scopes) { *s = scopesOf(all) })
	case "setResultUrl":
		e.answer.set("resultUrl", quote(withQuery(c.str(0), c.arg(1))))
	}
}

func (e *effects) authentication(name string, c *command) {
	switch name {
	case "setPrimaryUser":
		e.context.set("primaryUser", c.arg(0))
	case "setUserById":
		var o object
		o.set("id", c.arg(0))
		e.answer.set("user", o.text())
	case "setUserByConnection":
		var o object
		o.set("connection", c.arg(0))
		o.set("attributes", c.arg(1))
		for _, name := range []string{"creationBehavior", "updateBehavior"} {
			if v := at(c.arg(2), name); v != nil {
				o.set(name, v)
			}
		}
		e.answer.set("user", o.text())
	case "setOrganization":
		e.answer.set("organization", c.arg(0))
	case "setActor":
		e.answer.set("actor", c.arg(0))
	}
}

func (e *effects) scope(change func(*scopes)) { e.scopes = append(e.scopes, change) }

func add(scope string) func(*scopes) { return func(s *scopes) { s.add(scope) } }

func without(scope string) func(*scopes) { return func(s *scopes) { s.remove(scope) } }

// scopes are a list in order that is changed often: what actions ask for costs the
// node the same, however long the list is that rules left.
type scopes struct {
	list []string
	has  map[string]bool
	// gone has, of what was removed, how much of list that was about.
	gone map[string]int
}

func scopesOf(list []string) scopes {
	s := scopes{list: slices.Clone(list), has: make(map[string]bool, len(list))}
	for _, v := range list {
		s.has[v] = true
	}
	return s
}

func (s *scopes) add(v string) {
	if s.has[v] {
		return
	}
	if s.has == nil {
		s.has = map[string]bool{}
	}
	s.has[v] = true
	s.list = append(s.list, v)
}

func (s *scopes) remove(v string) {
	if !s.has[v] {
		return
	}
	if s.gone == nil {
		s.gone = map[string]int{}
	}
	delete(s.has, v)
	s.gone[v] = len(s.list)
}

// all is what there is, never nil.
func (s *scopes) all() []string {
	left := make([]string, 0, len(s.list))
	for i, v := range s.list {
		if i >= s.gone[v] {
			left = append(left, v)
		}
	}
	return left
}

// scoped returns the scopes after the changes. A list that is there counts, or
// else one in blanks: what was asked for.
func (e *effects) scoped(granted, requested json.RawMessage) json.RawMessage {
	all := stringsOf(granted)
	if all == nil {
		all = strings.Fields(textOf(granted))
	}
	if isNull(granted) {
		if all = stringsOf(requested); all == nil {
			all = strings.Fields(textOf(requested))
		}
	}
	changed := scopesOf(all)
	for _, change := range e.scopes {
		change(&changed)
	}
	return encode(changed.all())
}

// applyLogin returns the user and the context as rules would have left them if
// they had done what the actions asked for.
func (e *effects) applyLogin(values []json.RawMessage) []json.RawMessage {
	context, _ := objectOf(values[1])
	for _, m := range e.context.members {
		context.set(m.key, m.value)
	}
	for _, token := range e.tokens() {
		if token.patch.empty() {
			continue
		}
		inner, _ := objectOf(context.get(token.name))
		for _, m := range token.patch.members {
			inner.set(m.key, m.value)
		}
		context.set(token.name, inner.text())
	}
	if len(e.scopes) > 0 {
		context.setIn("accessToken", "scope", e.scoped(at(context.get("accessToken"), "scope"), at(values[1], "request", "query", "scope")))
	}
	if e.attributes.empty() && e.userMetadata.empty() && e.appMetadata.empty() {
		return []json.RawMessage{values[0], context.text()}
	}
	user, _ := objectOf(values[0])
	e.attribute(&user, &context)
	for _, m := range e.metadata() {
		if !m.patch.empty() {
			metadata, _ := objectOf(user.get(m.name))
			metadata.merge(m.patch)
			user.set(m.name, metadata.text())
		}
	}
	return []json.RawMessage{user.text(), context.text()}
}

// samlMember begins the members of user that hold values of SAML attributes:
// mappings name members of the user, and cannot hold a value themselves.
const samlMember = "saml_attribute_"

// attribute maps SAML's attributes as rules do.
func (e *effects) attribute(user, context *object) {
	if e.attributes.empty() {
		return
	}
	mappings, _ := objectOf(at(context.get("samlConfiguration"), "mappings"))
	n := 0
	for _, m := range e.attributes.members {
		if isNull(m.value) {
			mappings.remove(m.key)
			continue
		}
		n++
		member := samlMember + strconv.Itoa(n)
		user.set(member, m.value)
		mappings.set(m.key, quote(member))
	}
	context.setIn("samlConfiguration", "mappings", mappings.text())
}

// result returns what a trigger with an event is answered: one object, which has
// the members that actions set.
func (e *effects) result(trigger string, event json.RawMessage) json.RawMessage {
	o := e.answer
	switch trigger {
	case rulebox.TriggerPreRegistration:
		return e.registration(event)
	case rulebox.TriggerEmailProvider, rulebox.TriggerPhoneProvider:
		if o.empty() {
			o.set("status", quote("sent"))
		}
	case rulebox.TriggerPostLogin:
		o = e.context
		if !e.attributes.empty() {
			o.set("samlAttributes", e.attributes.text())
		}
	}
	if len(e.scopes) > 0 {
		granted := at(event, "transaction", "target_scopes")
		if isNull(granted) {
			granted = at(event, "accessToken", "scope")
		}
		e.accessToken.set("scope", e.scoped(granted, at(event, "transaction", "requested_scopes")))
	}
	for _, m := range append(e.tokens(), e.metadata()...) {
		if !m.patch.empty() {
			o.set(m.name, m.patch.text())
		}
	}
	return o.text()
}

// registration is what hooks at this point answer: the whole metadata that the
// new user is to have.
func (e *effects) registration(event json.RawMessage) json.RawMessage {
	var user object
	for _, m := range e.metadata() {
		if m.patch.empty() {
			continue
		}
		metadata, _ := objectOf(at(event, "user", m.name))
		metadata.merge(m.patch)
		user.set(m.name, metadata.text())
	}
	var o object
	if !user.empty() {
		o.set("user", user.text())
	}
	return o.text()
}

func orNull(v json.RawMessage) json.RawMessage {
	if v == nil {
		return json.RawMessage("null")
	}
	return v
}

// stringsOf returns the strings of an array, nil if it is something else.
func stringsOf(v json.RawMessage) []string {
	var all []string
	if len(v) == 0 || v[0] != '[' || json.Unmarshal(v, &all) != nil {
		return nil
	}
	return all
}
