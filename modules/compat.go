package modules

// compatModules are the packages of npm that customer code asks for most. Each
// is written here, under the API of the original: see doc/rules.md. Several
// entries of one name are its generations, oldest first.
func compatModules() []Module {
	return []Module{
		compat("request", "2.88.2", "request", nil),
		compat("request-promise", "4.2.6", "request_promise", nil),
		compat("request-promise-native", "1.0.9", "request_promise", nil),
		compat("request-promise/errors", "4.2.6", "request_promise_errors", nil),
		compat("request-promise-native/errors", "1.0.9", "request_promise_errors", nil),
		compat("axios", "0.27.2", "axios", nil),
		compat("axios", "1.7.9", "axios_1", nil),
		compat("node-fetch", "2.7.0", "node_fetch", nil),
		compat("qs", "6.13.0", "qs", nil),
		compat("jsonwebtoken", "8.5.1", "jsonwebtoken", nil),
		compat("jsonwebtoken", "9.0.2", "jsonwebtoken_9", nil),
		compat("jwks-rsa", "1.12.3", "jwks_rsa", nil),
		compat("jwks-rsa", "2.1.5", "jwks_rsa_2", nil),
		compat("auth0", "2.44.1", "auth0_2", nil),
		compat("auth0", "3.7.2", "auth0_3", nil),
		compat("auth0", "4.14.0", "auth0_4", nil),
		compat("@auth0/rule-utilities", "0.1.0", "rule_utilities_1", nil),
		compat("@auth0/rule-utilities", "0.2.0", "rule_utilities", nil),
		compat("bcrypt", "5.1.1", "bcrypt", nil),
		compat("bcryptjs", "2.4.3", "bcryptjs", nil),
		compat("argon2", "0.41.1", "argon2", argon2Natives),
		compat("easy-pbkdf2", "0.0.2", "easy_pbkdf2", nil),
		compat("uuid", "3.4.0", "uuid", nil),
		compat("uuid", "7.0.3", "uuid_7", nil),
		compat("superagent", "3.8.3", "superagent", nil),
		compat("superagent", "8.1.2", "superagent_8", nil),
		compat("slack-notify", "0.1.7", "slack_notify", nil),
		compat("oauth-sign", "0.9.0", "oauth_sign", nil),
		compat("extend", "3.0.2", "extend", nil),
		compat("xtend", "4.0.2", "xtend", nil),
		compat("url-join", "4.0.1", "url_join", nil),
		compat("range_check", "0.0.1", "range_check", rangeNatives),
		compat("ip", "1.1.9", "ip", rangeNatives),

		internalCompat("exchange", compatHTTPNatives),
		internalCompat("node_fetch_classes", nil),
		internalCompat("axios_core", nil),
		internalCompat("axios_more", nil),
		internalCompat("axios_errors", nil),
		internalCompat("axios_headers", nil),
		internalCompat("superagent_core", nil),
		internalCompat("superagent_response", nil),
		internalCompat("jwt", jwtNatives),
		internalCompat("jwt_magic", nil),
		internalCompat("jwks", nil),
		internalCompat("bcrypt_core", bcryptNatives),
		internalCompat("auth0_client", nil),
		internalCompat("auth0_tables", nil),
		internalCompat("rule_core", nil),
		internalCompat("pbkdf2_magic", nil),
		internalCompat("ip_magic", nil),
	}
}

// compatGlobals are the module globals that rules and database scripts had
// before Node.js 16. The global crypto stays the web's.
func compatGlobals() []Global {
	return []Global{
		{Name: "request", Module: "request"},
		{Name: "jwt", Module: "internal/compat/jwt_magic"},
		{Name: "uuid", Module: "uuid"},
		{Name: "bcrypt", Module: "bcrypt"},
		{Name: "pbkdf2", Module: "internal/compat/pbkdf2_magic"},
		{Name: "Auth0", Module: "auth0"},
		{Name: "querystring", Module: "querystring"},
		{Name: "xtend", Module: "xtend"},
		{Name: "ip", Module: "internal/compat/ip_magic"},
	}
}

func compat(name, version, file string, natives map[string]Native) Module {
	return Module{Name: name, Version: version, Source: source("compat/" + file), Natives: natives}
}

// internalCompat is the entry internal/compat/<file>.
func internalCompat(file string, natives map[string]Native) Module {
	return Module{Name: "internal/compat/" + file, Internal: true, Source: source("compat/" + file), Natives: natives}
}
