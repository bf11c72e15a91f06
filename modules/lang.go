package modules

import (
	"github.com/rulebox/rulebox/internal/ucd"
)

// langModules close gaps of the language itself. A realm requires
// internal/polyfill when its sources mention a member that the engine lacks
// (runtime/js/lang finds out while compiling) and calls the groups' functions.
func langModules() []Module {
	return []Module{
		{Name: "internal/polyfill", Internal: true, Source: source("polyfill"),
			Natives: map[string]Native{"expandPattern": expandPattern}},
		{Name: "internal/iterator", Internal: true, Source: source("polyfill_iterator")},
		{Name: "internal/locale", Internal: true, Source: source("polyfill_locale"), Natives: intlNatives},
		{Name: "internal/intl_options", Internal: true, Source: source("intl_options")},
		{Name: "internal/intl", Internal: true, Source: source("intl"), Natives: intlNatives},
		{Name: "internal/weakref", Internal: true, Source: source("polyfill_weakref")},
	}
}

func langGlobals() []Global {
	return []Global{
		{Name: "Intl", Module: "internal/intl"},
		{Name: "WeakRef", Module: "internal/weakref", Export: "WeakRef"},
		{Name: "FinalizationRegistry", Module: "internal/weakref", Export: "FinalizationRegistry"},
	}
}

// expandPattern(pattern) returns the pattern with each \p{…} written out.
func expandPattern(_ *Call, args []any) (any, error) {
	pattern := argString(args, 0)
	out, err := ucd.Rewrite(pattern)
	if err != nil {
		return nil, &Throw{Class: "SyntaxError", Message: "Invalid regular expression: /" + pattern + "/: " + err.Error()}
	}
	return out, nil
}
