package adapters

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonterms"
	"github.com/rulebox/rulebox/internal/near"
)

// A setting is what a tenant's rulebox.json has under adapters.<server>:
//
//	{"adapters": {"kratos": {"secret": "##KRATOS_SECRET##", "connection": "Username-Password-Authentication"}}}
type setting struct {
	// Secret is what the server proves itself with: an API key, or the key of its
	// signatures.
	Secret string `json:"secret"`
	// SigningKey is the key of signed events, of servers that have both.
	SigningKey string `json:"signing_key"`
	// Connection is what scripts see as the connection of users whom the server
	// does not say another for.
	Connection string `json:"connection"`
	// ClientID is what scripts see as the application where the server names none, for
	// at Auth0 there always is one. The default is the adapter's name.
	ClientID string `json:"client_id"`
	// LogClaims puts what scripts log into the token, where the server has a place
	// for that. It is for trying things out.
	LogClaims bool `json:"log_claims"`
}

// minSecret is the least length of a secret, in bytes.
const minSecret = 16

// Validate says what is wrong with the settings of a tenant, by adapter. Its errors
// quote no secret.
func Validate(settings map[string]json.RawMessage) error {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if servers[name] == nil {
			return fmt.Errorf("adapters: there is none for %q; there are %s%s", name, strings.Join(names(), ", "), meant(name, names()))
		}
		if _, err := parseSettings(name, settings[name]); err != nil {
			return fmt.Errorf("adapters.%s: %w", name, err)
		}
	}
	return nil
}

func names() []string { return slices.Sorted(maps.Keys(servers)) }

// meant is the end of a message about a word that is none of all.
func meant(word string, all []string) string {
	if name := near.Name(word, all); name != "" {
		return fmt.Sprintf("; did you mean %q?", name)
	}
	return ""
}

func parseSettings(server string, raw json.RawMessage) (s setting, err error) {
	if len(raw) == 0 {
		return s, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		if e := (*json.UnmarshalTypeError)(nil); errors.As(err, &e) && e.Field != "" {
			return setting{}, errors.New(jsonterms.Mismatch(e))
		}
		if _, field, ok := strings.Cut(err.Error(), "unknown field "); ok {
			return setting{}, fmt.Errorf("there is no setting %s; there are secret, signing_key, connection, client_id and log_claims", field)
		}
		return setting{}, errors.New(`it must be an object, like {"secret": "…"}`)
	}
	if err := longEnough("secret", s.Secret); err != nil {
		return setting{}, err
	}
	if err := longEnough("signing_key", s.SigningKey); err != nil {
		return setting{}, err
	}
	if check := servers[server].check; check != nil {
		return s, check(&s)
	}
	return s, nil
}

// longEnough holds each key of a setting to the least length; none is fine. An empty
// key between two | would be one that everybody has.
func longEnough(name, keys string) error {
	if keys == "" {
		return nil
	}
	for _, key := range strings.Split(keys, "|") {
		if len(key) < minSecret {
			return fmt.Errorf("%s is too short: it must have at least %d characters, each if there are several with | between", name, minSecret)
		}
	}
	return nil
}

// webhookKeys returns the keys of a secret of Standard Webhooks as Supabase has it:
// v1,whsec_<base64>, several of them with | between.
func webhookKeys(secret string) (keys [][]byte, err error) {
	for _, part := range strings.Split(secret, "|") {
		text, ok := strings.CutPrefix(part, "v1,whsec_")
		key, bad := base64.StdEncoding.DecodeString(text)
		if !ok || bad != nil || len(key) < minSecret {
			return nil, fmt.Errorf("secret must be as Supabase shows it, v1,whsec_ and then base64 of at least %d bytes; several with | between", minSecret)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// noHook is the error for a path that is not there.
func (c *call) noHook() error {
	hooks := slices.Sorted(maps.Keys(c.server.hooks))
	if len(hooks) == 1 && hooks[0] == "" {
		return notFound("the hook of %s has no name: the path ends with /adapters/%s", c.name, c.name)
	}
	return notFound("%s has no hook %q here", c.name, cut(c.hook)).WithHint("the hooks are %s%s", strings.Join(hooks, ", "), meant(c.hook, hooks))
}

// invalid is an error about what the server sent.
func invalid(format string, args ...any) *rulebox.Error {
	return rulebox.Errorf(rulebox.CodeInvalid, format, args...)
}
