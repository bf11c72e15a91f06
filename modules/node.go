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
	return append([]Module{
		entry("assert", "assert", nil),
		entry("assert/strict", "assert_strict", nil),
		entry("buffer", "buffer", bufferModuleNatives),
		entry("constants", "constants", nil),
		entry("events", "events", nil),
		entry("os", "os", nil),
		entry("path", "path", nil),
		entry("perf_hooks", "performance", perfNatives),
		entry("punycode", "punycode", punyNatives),
		entry("querystring", "querystring", queryNatives),
		entry("url", "url", urlNatives),
		entry("stream", "stream", nil),
		entry("stream/consumers", "stream_consumers", nil),
		entry("stream/promises", "stream_promises", nil),
		entry("string_decoder", "string_decoder", decoderNatives),
		entry("timers", "timers", nil),
		entry("timers/promises", "timers_promises", nil),
		entry("util", "util", utilNatives),
		entry("util/types", "util_types", nil),
		entry("zlib", "zlib", zlibNatives),

		internalEntry("internal/abort", "abort", nil),
		internalEntry("internal/base64", "base64", base64Natives),
		internalEntry("internal/blob", "blob", nil),
		internalEntry("internal/buffer", "buffer_core", bufferNatives),
		internalEntry("internal/buffer_more", "buffer_more", bufferMoreNatives),
		internalEntry("internal/clone", "clone", nil),
		internalEntry("internal/domexception", "domexception", nil),
		internalEntry("internal/encoding", "encoding", encodingNatives),
		internalEntry("internal/equal", "equal", equalNatives),
		internalEntry("internal/errors", "errors", nil),
		internalEntry("internal/events_more", "events_more", nil),
		internalEntry("internal/eventtarget", "eventtarget", nil),
		internalEntry("internal/inspect", "inspect", inspectNatives),
		internalEntry("internal/inspect_layout", "inspect_layout", nil),
		internalEntry("internal/searchparams", "searchparams", formNatives),
		internalEntry("internal/stream_base", "stream_base", nil),
		internalEntry("internal/stream_end", "stream_end", nil),
		internalEntry("internal/stream_iterate", "stream_iterate", nil),
		internalEntry("internal/stream_readable", "stream_readable", nil),
		internalEntry("internal/stream_writable", "stream_writable", nil),
		internalEntry("internal/url", "url_web", urlNatives),
		internalEntry("internal/url_legacy", "url_legacy", urlNatives),
	}, retiredNode()...)
}

func nodeGlobals() []Global {
	return []Global{
		{"AbortController", "internal/abort", "AbortController"},
		{"AbortSignal", "internal/abort", "AbortSignal"},
		{"Blob", "internal/blob", "Blob"},
		{"Buffer", "internal/buffer", "Buffer"},
		{"DOMException", "internal/domexception", ""},
		{"CustomEvent", "internal/eventtarget", "CustomEvent"},
		{"Event", "internal/eventtarget", "Event"},
		{"EventTarget", "internal/eventtarget", "EventTarget"},
		{"TextDecoder", "internal/encoding", "TextDecoder"},
		{"TextEncoder", "internal/encoding", "TextEncoder"},
		{"URL", "internal/url", "URL"},
		{"URLSearchParams", "internal/searchparams", "URLSearchParams"},
		{"performance", "perf_hooks", "performance"},
		{"structuredClone", "internal/clone", "structuredClone"},
		{"atob", "internal/base64", "atob"},
		{"btoa", "internal/base64", "btoa"},
	}
}
