package modules

// webModules are the ways out (fetch, http, https), cryptography, process and
// the auth0 object. What a plain fetch(url) needs is kept apart from what it
// does not: every login evaluates what it touches anew.
func webModules() []Module {
	return []Module{
		{Name: "internal/fetch", Internal: true, Source: source("fetch"), Natives: httpNatives},
		{Name: "internal/headers", Internal: true, Source: source("headers")},
		{Name: "internal/body", Internal: true, Source: source("body"), Natives: bodyNatives},
		{Name: "internal/response", Internal: true, Source: source("response"), Natives: httpNatives},
		{Name: "internal/request", Internal: true, Source: source("request")},
		{Name: "internal/formdata", Internal: true, Source: source("formdata")},
		{Name: "internal/webstream", Internal: true, Source: source("webstream")},
	}
}

func webGlobals() []Global {
	return []Global{
		{Name: "fetch", Module: "internal/fetch", Export: "fetch"},
		{Name: "Headers", Module: "internal/headers", Export: "Headers"},
		{Name: "Response", Module: "internal/response", Export: "Response"},
		{Name: "Request", Module: "internal/request", Export: "Request"},
		{Name: "FormData", Module: "internal/formdata", Export: "FormData"},
		{Name: "File", Module: "internal/formdata", Export: "File"},
		{Name: "ReadableStream", Module: "internal/webstream", Export: "ReadableStream"},
	}
}
