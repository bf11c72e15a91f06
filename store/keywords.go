package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"github.com/rulebox/rulebox/internal/pattern"
	"slices"
	"strconv"
	"strings"
)

// keywords are the values of the placeholders @@KEY@@ and ##KEY## in a tenant's
// files, as the Auth0 deploy CLI replaces them.
type keywords map[string]json.RawMessage

var placeholder = pattern.New(`"@@(\w+)@@"|@@(\w+)@@|##(\w+)##`)

// maxReplaced bounds a file whose placeholders are replaced, in bytes: a value as
// large as a file, put into it a hundred thousand times, would end the node.
const maxReplaced = 4 * maxFile

// replace puts the values into text: @@KEY@@ (with or without quotes around it)
// becomes JSON text, ##KEY## the bare text. Placeholders without a value stay.
func (k keywords) replace(text []byte) ([]byte, error) {
	if len(k) == 0 {
		return text, nil
	}
	var out []byte
	at := 0
	literals := map[string]string{}
	for _, m := range placeholder().FindAllSubmatchIndex(text, -1) {
		i := slices.IndexFunc(m[2:], func(at int) bool { return at >= 0 }) // 0, 2 or 4: one of the three has matched
		key := string(text[m[2+i]:m[3+i]])
		v, ok := k[key]
		if !ok {
			continue
		}
		value := string(v)
		if i == 4 {
			if value, ok = literals[key]; !ok {
				value = literal(v)
				literals[key] = value
			}
		}
		out = append(append(out, text[at:m[0]]...), value...)
		if at = m[1]; len(out) > maxReplaced {
			return nil, fmt.Errorf("with its placeholders replaced it is larger than %d KiB", maxReplaced>>10)
		}
	}
	return append(out, text[at:]...), nil
}

// words and position find what a compiler says and where.
var (
	words    = pattern.New(`[\pL\pN_]{3,}`)
	position = pattern.New(`:\d+:\d+`)
)

// conceal returns the error without the compiler's words if one of them may be a
// piece of a value: compilers quote what they trip over, and errors are logged
// and sent to callers.
func (k keywords) conceal(script string, err error) error {
	text := err.Error()
	for _, word := range words().FindAllString(text, -1) {
		for _, v := range k {
			if strings.Contains(literal(v), word) {
				return fmt.Errorf("rule %q does not compile at %s%s (what stands there is left out, for it may be a value of config.json or of the environment)",
					script, script, position().FindString(text))
			}
		}
	}
	return err
}

// quoted finds what an error quotes.
var quoted = pattern.New(`"(?:[^"\\]|\\.)*"`)

// mask returns the error without what it quotes of a value: errors name what
// stands in a file, and what a placeholder became stands there too. Pieces of two
// characters and less tell nothing.
func (k keywords) mask(err error) error {
	text := err.Error()
	masked := quoted().ReplaceAllStringFunc(text, func(q string) string {
		piece, bad := strconv.Unquote(q)
		if bad != nil {
			piece = q[1 : len(q)-1]
		}
		for _, v := range k {
			if value := literal(v); len(piece) > 2 && strings.Contains(value, piece) || len(value) > 2 && strings.Contains(piece, value) {
				return `"…"`
			}
		}
		return q
	})
	if masked == text {
		return err
	}
	return errors.New(masked + " (what is left out is a value of config.json or of the environment)")
}

// unreplaced names the first placeholder left in text, empty if there is none.
func unreplaced(text string) string { return placeholder().FindString(text) }

// maxUnset is how many placeholders without a value an error names.
const maxUnset = 100

// unset finds the placeholders of a file that have no value; its error names the
// keys as the variables, the first of them. Values are not looked at: they may hold
// anything.
func (k keywords) unset(text string) *unsetError {
	var e *unsetError
	seen := map[string]bool{}
	for _, m := range placeholder().FindAllStringSubmatch(text, -1) {
		key := m[1] + m[2] + m[3] // one of the three has matched
		if _, ok := k[key]; ok || seen[key] || len(seen) == maxUnset {
			continue
		}
		seen[key] = true
		if e == nil {
			e = &unsetError{}
		}
		e.placeholders, e.variables = append(e.placeholders, strings.Trim(m[0], `"`)), append(e.variables, key)
	}
	return e
}

// literal is the text of a value: a string's content, or else its JSON.
func literal(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// Environment variables that belong to tenants are <kind><TENANT>_<KEY>, the
// tenant's name as variable has it. What rules may read and what was bound to one
// script are kept apart.
const (
	configVariables = "RULEBOX_CONFIG_"
	secretVariables = "RULEBOX_SECRET_"
)

func prefixOf(kind, tenant string) string { return kind + variable(tenant) + "_" }

// envPrefix begins the tenant's variables for configuration and placeholders.
func envPrefix(tenant string) string { return prefixOf(configVariables, tenant) }

// environment returns the tenant's values for configuration and placeholders in
// environ (KEY=value lines) by key. Only variables with the tenant's own prefix
// count: the rest of the node's environment must not be readable through a
// placeholder.
func environment(tenant string, environ []string) map[string]string {
	return values(configVariables, tenant, environ)
}

func values(kind, tenant string, environ []string) map[string]string {
	prefix := prefixOf(kind, tenant)
	m := map[string]string{}
	for _, kv := range environ {
		if rest, ok := strings.CutPrefix(kv, prefix); ok {
			if key, value, ok := strings.Cut(rest, "="); ok && key != "" {
				m[key] = value
			}
		}
	}
	return m
}

// named is a tenant with its envPrefix.
type named struct{ prefix, tenant string }

// prefixes are the tenants by envPrefix, for rivals.
func prefixes(tenants map[string]bool) []named {
	all := make([]named, 0, len(tenants))
	for t := range tenants {
		all = append(all, named{envPrefix(t), t})
	}
	slices.SortFunc(all, func(a, b named) int {
		return cmp.Or(strings.Compare(a.prefix, b.prefix), strings.Compare(a.tenant, b.tenant))
	})
	return all
}

// rivals are the tenants of all, in order, whose variables begin like the
// tenant's too: RULEBOX_CONFIG_ACME_PROD_KEY is KEY of acme-prod, and would be
// PROD_KEY of acme. Tenants that were removed count: their secrets stand there
// still.
func rivals(tenant string, all []named) []string {
	prefix := envPrefix(tenant)
	at, _ := slices.BinarySearchFunc(all, prefix, func(n named, p string) int { return strings.Compare(n.prefix, p) })
	var others []string
	for ; at < len(all) && strings.HasPrefix(all[at].prefix, prefix); at++ {
		if all[at].tenant != tenant {
			others = append(others, all[at].tenant)
		}
	}
	return others
}

// own returns environ without what belongs to rivals: a variable is that of the
// tenant with the longest name that fits. Names that differ only in - and _
// cannot be told apart, which is an error if there is a variable of theirs.
func own(tenant string, environ, rivals []string) ([]string, error) {
	var mine []string
	for _, kv := range environ {
		kind := configVariables
		if strings.HasPrefix(kv, secretVariables) {
			kind = secretVariables
		}
		prefix := prefixOf(kind, tenant)
		if !strings.HasPrefix(kv, prefix) {
			continue
		}
		theirs := false
		for _, other := range rivals {
			if p := prefixOf(kind, other); p == prefix {
				return nil, fmt.Errorf("the environment variables %s… could be those of tenant %s too; rename one of the two, or put the values into files", prefix, other)
			} else if strings.HasPrefix(kv, p) {
				theirs = true
			}
		}
		if !theirs {
			mine = append(mine, kv)
		}
	}
	return mine, nil
}

// parseMappings reads the mappings of the deploy CLI's config.json.
func parseMappings(text []byte) (keywords, error) {
	var c struct {
		Mappings keywords `json:"AUTH0_KEYWORD_REPLACE_MAPPINGS"`
	}
	if err := looseJSON(text, &c); err != nil {
		return nil, err
	}
	if c.Mappings == nil {
		c.Mappings = keywords{}
	}
	return c.Mappings, nil
}

func (k keywords) add(env map[string]string) error {
	for key, value := range env {
		b, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("environment value of %s: %w", key, err)
		}
		k[key] = b
	}
	return nil
}
