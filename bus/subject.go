package bus

import (
	"strings"

	"github.com/rulebox/rulebox"
)

// Subjects. All knowledge of their form is in this file.
const (
	prefix = "rulebox.v1."
	// serveSubject is what nodes subscribe to, in the queue group serveQueue so
	// that each request reaches one of them.
	serveSubject = prefix + "*.>"
	serveQueue   = "rulebox"
	// allSubjects is the service that nodes export.
	allSubjects = prefix + ">"
	// maxName is the greatest length of a tenant's or trigger's name in bytes, and
	// maxConnection that of a database connection's, as Auth0 has it.
	maxName       = 64
	maxConnection = 128
	// maxTokens is how many tokens a trigger has: db.<connection>.<operation>.
	maxTokens = 3
)

// ValidName reports whether s can name a tenant: 1 to 64 ASCII letters, digits,
// hyphens and underscores, the first a letter or digit. A name is one token of a
// NATS subject, so it holds no dot, space or wildcard.
func ValidName(s string) bool { return len(s) <= maxName && validToken(s) }

// ValidTrigger reports whether s can name a trigger: one name, hook. and one, or
// db. and two, of which the first, a connection's, may have 128 characters.
func ValidTrigger(s string) bool {
	tokens := strings.Split(s, ".")
	if len(tokens) > maxTokens || len(tokens) == 2 && tokens[0]+"." != rulebox.HookPrefix || len(tokens) == 3 && tokens[0]+"." != rulebox.DatabasePrefix {
		return false
	}
	for i, t := range tokens {
		if !validToken(t) || len(t) > maxConnection || len(t) > maxName && (i != 1 || len(tokens) != 3) {
			return false
		}
	}
	return true
}

func validToken(s string) bool {
	if s == "" || s[0] == '-' || s[0] == '_' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// Subject returns the subject of a tenant's trigger, or an error with
// CodeInvalid that names the part that cannot be one.
func Subject(tenant, trigger string) (string, error) {
	if err := checkName("tenant", tenant); err != nil {
		return "", err
	}
	if err := checkTrigger(trigger); err != nil {
		return "", err
	}
	return prefix + tenant + "." + trigger, nil
}

func checkName(what, s string) error {
	if ValidName(s) {
		return nil
	}
	return rulebox.Errorf(rulebox.CodeInvalid, "%s %.80q is not a name", what, s).
		WithHint("a name is 1 to %d letters, digits, hyphens and underscores and begins with a letter or digit", maxName)
}

func checkTrigger(s string) error {
	if ValidTrigger(s) {
		return nil
	}
	return rulebox.Errorf(rulebox.CodeInvalid, "trigger %.80q is not a name", s).
		WithHint("a trigger is a name such as login or post-login, hook.<point> or db.<connection>.<operation>")
}

// parseSubject is the inverse of Subject.
func parseSubject(subject string) (tenant, trigger string, err error) {
	rest, ok := strings.CutPrefix(subject, prefix)
	if !ok {
		return "", "", rulebox.Errorf(rulebox.CodeInvalid, "subject %.200q does not begin with %s", subject, prefix)
	}
	tenant, trigger, _ = strings.Cut(rest, ".")
	if err := checkName("tenant", tenant); err != nil {
		return "", "", err
	}
	return tenant, trigger, checkTrigger(trigger)
}

// tenantSubjects returns what a client of the tenant may publish to.
func tenantSubjects(tenant string) string {
	if tenant == AllTenants {
		return allSubjects
	}
	return prefix + tenant + ".>"
}
