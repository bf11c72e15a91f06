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
		entry("util", "util", utilNatives),
		entry("util/types", "util_types", nil),

		internalEntry("internal/base64", "base64", base64Natives),
		internalEntry("internal/blob", "blob", nil),
		internalEntry("internal/buffer", "buffer_core", bufferNatives),
		internalEntry("internal/buffer_more", "buffer_more", bufferMoreNatives),
		internalEntry("internal/domexception", "domexception", nil),
		internalEntry("internal/encoding", "encoding", encodingNatives),
		internalEntry("internal/equal", "equal", equalNatives),
		internalEntry("internal/errors", "errors", nil),
		internalEntry("internal/inspect", "inspect", nil),
	}
}

func nodeGlobals() []Global {
	return []Global{
		{"Blob", "internal/blob", "Blob"},
		{"Buffer", "internal/buffer", "Buffer"},
		{"DOMException", "internal/domexception", ""},
		{"TextDecoder", "internal/encoding", "TextDecoder"},
		{"TextEncoder", "internal/encoding", "TextEncoder"},
		{"atob", "internal/base64", "atob"},
		{"btoa", "internal/base64", "btoa"},
	}
}
