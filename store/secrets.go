package store

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// notShown is what exports have in place of a secret's value.
const notShown = "_VALUE_NOT_SHOWN_"

// encrypted is what the management API has in place of a connection's
// configuration values.
var encrypted = regexp.MustCompile(`^2\.0\$[0-9a-fA-F]+\$`)

// owner is who declares secrets: the file of an action, module, hook or connection,
// and its name.
type owner struct{ name, file string }

func (o owner) variable(secret string) string { return variable(o.name) + "_" + variable(secret) }

// claim is a secret that an owner declares.
type claim struct {
	owner
	secret string
}

// claim notes whose own each variable is, of all that is declared, bound or not.
func (l *loader) claim(p *parts) {
	l.claims = map[string][]claim{}
	add := func(o owner, secret string) {
		v := o.variable(secret)
		l.claims[v] = append(l.claims[v], claim{o, secret})
	}
	of := func(p *part) {
		for _, s := range p.Secrets {
			add(owner{p.Name, p.file}, s.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.actions)) {
		of(&p.actions[name].part)
	}
	for _, name := range slices.Sorted(maps.Keys(p.modules)) {
		of(p.modules[name])
	}
	for _, h := range p.hooks {
		of(&h.part)
	}
	for _, d := range p.databases {
		for _, key := range slices.Sorted(maps.Keys(d.declared)) {
			add(owner{d.connection.Name, d.file}, key)
		}
	}
}

// unambiguous returns an error if the variable, which would be the owner's secret,
// is another's own as well: PAY_STRIPE_KEY is STRIPE_KEY of an action pay. Whom it
// was meant for, nobody can tell.
func (l *loader) unambiguous(variable string, o owner, secret string) error {
	for _, other := range l.claims[variable] {
		if other.file == o.file {
			continue
		}
		advice := "rename one of the two, or put both values into the files and take the variable away"
		if variable != o.variable(secret) {
			advice = fmt.Sprintf("give this one its own variable, %s%s", prefixOf(secretVariables, l.name), o.variable(secret))
		}
		return fmt.Errorf("the environment variable %s%s could be the secret %q of %s or %q of %s; %s",
			prefixOf(secretVariables, l.name), variable, secret, o.file, other.secret, other.file, advice)
	}
	return nil
}

// secret returns the value of a secret of a script or connection: what the
// environment has under the owner's own variable, else what the file has, else
// what the environment has for the whole tenant.
func (l *loader) secret(o owner, name string, inFile *string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("a secret has no name")
	}
	all := values(secretVariables, l.name, l.environ)
	maps.DeleteFunc(all, func(variable, _ string) bool {
		adapter, _ := adapterSecret(variable)
		return adapter != ""
	})
	if v, ok := all[o.variable(name)]; ok {
		return v, l.unambiguous(o.variable(name), o, name)
	}
	if inFile != nil && *inFile != notShown && !encrypted.MatchString(*inFile) {
		return *inFile, nil
	}
	if v, ok := all[variable(name)]; ok {
		return v, l.unambiguous(variable(name), o, name)
	}
	prefix := prefixOf(secretVariables, l.name)
	mine, every := prefix+o.variable(name), prefix+variable(name)
	return "", &valueError{
		text: fmt.Sprintf("the value of %q is not in the file, for exports do not show it: put it there (##KEY## takes one from config.json), or into the environment as %s, or for the whole tenant as %s", name, mine, every),
		what: fmt.Sprintf("%q", name), from: mine + " or " + every + " (for the whole tenant)",
	}
}

// secretValue is {name, value} of exports.
type secretValue struct {
	Name  string  `json:"name"`
	Value *string `json:"value"`
}

func (l *loader) secrets(o owner, list []secretValue) (map[string]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	m := make(map[string]string, len(list))
	for _, s := range list {
		if _, ok := m[s.Name]; ok {
			return nil, fmt.Errorf("the secret %q stands there twice", s.Name)
		}
		v, err := l.secret(o, s.Name, s.Value)
		if err != nil {
			err = l.lacks(o.file, fmt.Errorf("secrets: %w", err))
		}
		if err != nil {
			return nil, err
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
