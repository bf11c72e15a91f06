package modules

// webModules are the ways out (fetch, http, https), cryptography, process and
// the auth0 object. What a plain fetch(url) needs is kept apart from what it
// does not: every login evaluates what it touches anew.
func webModules() []Module {
	return []Module{
		{Name: "internal/fetch", Internal: true, Source: source("fetch"), Natives: sendNatives, Handlers: true},
		{Name: "internal/headers", Internal: true, Source: source("headers")},
		{Name: "internal/body", Internal: true, Source: source("body"), Natives: bodyNatives},
		{Name: "internal/response", Internal: true, Source: source("response"), Natives: receiveNatives, Handlers: true},
		{Name: "internal/response_more", Internal: true, Source: source("response_more")},
		{Name: "internal/request", Internal: true, Source: source("request")},
		{Name: "internal/formdata", Internal: true, Source: source("formdata")},
		{Name: "internal/webstream", Internal: true, Source: source("webstream")},

		{Name: "http", Source: source("http")},
		{Name: "https", Source: source("https")},
		{Name: "internal/http", Internal: true, Source: source("http_client"), Natives: httpNatives},
		{Name: "internal/http_agent", Internal: true, Source: source("http_agent")},
		{Name: "internal/http_message", Internal: true, Source: source("http_message"), Natives: pickNatives(httpNatives, "read", "abort", "trailers")},
		{Name: "internal/http_socket", Internal: true, Source: source("http_socket"), Natives: pickNatives(httpNatives, "detach", "peer", "informed")},
		{Name: "internal/http_codes", Internal: true, Source: source("http_codes")},

		{Name: "net", Source: source("net"), Natives: pickNatives(netNatives, "isIP")},
		{Name: "internal/net", Internal: true, Source: source("net_socket"), Natives: netNatives},
		{Name: "tls", Source: source("tls"), Natives: tlsNatives},
		{Name: "dns", Source: source("dns"), Natives: dnsNatives},
		{Name: "dns/promises", Source: source("dns_promises")},
		{Name: "internal/dns_names", Internal: true, Source: source("dns_names")},

		{Name: "process", Source: source("process")},
		{Name: "internal/process_more", Internal: true, Source: source("process_more")},
		{Name: "internal/auth0", Internal: true, Source: source("auth0")},

		{Name: "crypto", Source: source("crypto")},
		{Name: "internal/crypto/output", Internal: true, Source: source("crypto_output")},
		{Name: "internal/crypto/hash", Internal: true, Source: source("crypto_hash"), Natives: pickNatives(hashNatives, "create", "update", "digest")},
		{Name: "internal/crypto/hash_more", Internal: true, Source: source("crypto_hash_more"), Natives: pickNatives(hashNatives, "copy", "once", "names")},
		{Name: "internal/crypto/hmac", Internal: true, Source: source("crypto_hmac"), Natives: pickNatives(hashNatives, "hmac")},
		{Name: "internal/crypto/secret", Internal: true, Source: source("crypto_secret")},
		{Name: "internal/crypto/stream", Internal: true, Source: source("crypto_stream")},
		{Name: "internal/crypto/random", Internal: true, Source: source("crypto_random"), Natives: randomNatives},
		{Name: "internal/crypto/kdf", Internal: true, Source: source("crypto_kdf"), Natives: kdfNatives},
		{Name: "internal/crypto/cipher", Internal: true, Source: source("crypto_cipher"), Natives: cipherNatives},
		{Name: "internal/crypto/keys", Internal: true, Source: source("crypto_keys"), Natives: keyNatives},
		{Name: "internal/crypto/sign", Internal: true, Source: source("crypto_sign"), Natives: signNatives},
		{Name: "internal/crypto/ecdh", Internal: true, Source: source("crypto_ecdh"), Natives: ecdhNatives},
		{Name: "internal/webcrypto", Internal: true, Source: source("webcrypto"), Natives: webcryptoNatives},
		{Name: "internal/subtle", Internal: true, Source: source("subtle")},
	}
}

func webGlobals() []Global {
	return []Global{
		{Name: "fetch", Module: "internal/response", Export: "fetch"},
		{Name: "Headers", Module: "internal/headers", Export: "Headers"},
		{Name: "Response", Module: "internal/response", Export: "Response"},
		{Name: "Request", Module: "internal/request", Export: "Request"},
		{Name: "FormData", Module: "internal/formdata", Export: "FormData"},
		{Name: "File", Module: "internal/blob", Export: "File"},
		{Name: "ReadableStream", Module: "internal/webstream", Export: "ReadableStream"},
		{Name: "process", Module: "process"},
		{Name: "auth0", Module: "internal/auth0"},
		{Name: "crypto", Module: "internal/webcrypto", Export: "crypto"},
		{Name: "Crypto", Module: "internal/webcrypto", Export: "Crypto"},
		{Name: "CryptoKey", Module: "internal/subtle", Export: "CryptoKey"},
		{Name: "SubtleCrypto", Module: "internal/subtle", Export: "SubtleCrypto"},
	}
}
