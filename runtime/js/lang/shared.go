package lang

import "strings"

// modulePrefix begins the function that a module becomes.
func (p *preparer) modulePrefix() string {
	if p.form == Shared {
		return strings.TrimSuffix(modulePrefix, ") {") + ", actions) {"
	}
	return modulePrefix
}
