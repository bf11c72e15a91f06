package modules

// actionModules are what actions need beside the engine's own part of their api,
// and the cache for scripts of other kinds.
func actionModules() []Module {
	return []Module{
		{Name: "internal/directory", Source: source("action/directory"), Internal: true},
		{Name: "@rulebox/cache", Source: "module.exports = require('internal/realm').cache();"},
	}
}
