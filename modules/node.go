package modules

// entry is a table entry whose source is js/<file>.js.
func entry(name, file string, natives map[string]Native) Module {
	return Module{Name: name, Source: source(file), Natives: natives}
}

func internalEntry(name, file string, natives map[string]Native) Module {
	m := entry(name, file, natives)
	m.Internal = true
	return m
}

// nodeModules are Node.js built-ins, and the web's globals that have nothing to
// do with the network. A module that is only evaluated for some of its uses is
// split: evaluating a function costs every realm about half a microsecond.
func nodeModules() []Module {
	return []Module{
		entry("buffer", "buffer", bufferModuleNatives),

		internalEntry("internal/base64", "base64", base64Natives),
		internalEntry("internal/blob", "blob", nil),
		internalEntry("internal/buffer", "buffer_core", bufferNatives),
		internalEntry("internal/buffer_more", "buffer_more", bufferMoreNatives),
		internalEntry("internal/domexception", "domexception", nil),
		internalEntry("internal/errors", "errors", nil),
	}
}

func nodeGlobals() []Global {
	return []Global{
		{"Blob", "internal/blob", "Blob"},
		{"Buffer", "internal/buffer", "Buffer"},
		{"DOMException", "internal/domexception", ""},
		{"atob", "internal/base64", "atob"},
		{"btoa", "internal/base64", "btoa"},
	}
}
