package store

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// notShown is what exports have in place of a secret's value.
const notShown = "_VALUE_NOT_SHOWN_"

// encrypted is what the management API has in place of a connection's
// configuration values.
var encrypted = regexp.MustCompile(`^2\.0\$[0-9a-fA-F]+\$`)

// secret returns the value of a secret of a script or connection: what the
// environment has under the owner's own variable, else what the file has, else
// what the environment has for the whole tenant.
func (l *loader) secret(owner, name string, inFile *string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("a secret has no name")
	}
	all := values(secretVariables, l.name, l.environ)
	maps.DeleteFunc(all, func(variable, _ string) bool {
		adapter, _ := adapterSecret(variable)
		return adapter != ""
	})
	if v, ok := all[variable(owner)+"_"+variable(name)]; ok {
		return v, nil
	}
	if inFile != nil && *inFile != notShown && !encrypted.MatchString(*inFile) {
		return *inFile, nil
	}
	if v, ok := all[variable(name)]; ok {
		return v, nil
	}
	prefix := prefixOf(secretVariables, l.name)
	return "", fmt.Errorf("the value of %q is not in the file, for exports do not show it: put it there (##KEY## takes one from config.json), or into the environment as %s%s_%s, or for the whole tenant as %s%s",
		name, prefix, variable(owner), variable(name), prefix, variable(name))
}

// secretValue is {name, value} of exports.
type secretValue struct {
	Name  string  `json:"name"`
	Value *string `json:"value"`
}

func (l *loader) secrets(owner string, list []secretValue) (map[string]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	m := make(map[string]string, len(list))
	for _, s := range list {
		if _, ok := m[s.Name]; ok {
			return nil, fmt.Errorf("the secret %q stands there twice", s.Name)
		}
		v, err := l.secret(owner, s.Name, s.Value)
		if err != nil {
			return nil, fmt.Errorf("secrets: %w", err)
		}
		m[s.Name] = v
	}
	return m, nil
}

// variable is a name as part of an environment variable: capitals, with _ for
// what is neither letter nor digit.
func variable(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
			return r
		}
		return '_'
	}, name)
}
