package main

// A pkg is one package of the table, in one generation.
type pkg struct {
	// name is what scripts require; from is the key in package.json, name if
	// empty. A sub-path of name is allowed in both.
	name, from string
	// files means that each file is a unit of its own, compiled when first
	// required: for what is large and mostly not used, and for what others of the
	// table share. The default is one unit for the whole package.
	files bool
	// esm takes the package's ES modules rather than its CommonJS files.
	esm bool
	// splitSubs makes units of the files that subs need, though not of the others.
	splitSubs bool
	// keepNames is for packages whose functions' names count and would be changed:
	// what two files have in common is numbered. It costs a call for each function.
	keepNames bool
	// shim is a file of modules/npm/shims that stands for the package.
	shim string
	// subs are patterns of files and folders in the package that scripts can
	// require as name/path; those after a ! are left out, and stand first.
	subs []string
	// standard marks the generation that require() without a version gives to
	// rules and database scripts; if none is marked, it is the oldest.
	standard bool
}

// packages are in the order of the table; generations of one name oldest first.
var packages = []pkg{
	{name: "lodash", from: "lodash-2", files: true},
	{name: "lodash", from: "lodash-3", files: true},
	{name: "lodash", files: true, standard: true, shim: "lodash.js", subs: []string{"[a-z]*.js"}},
	{name: "underscore"},
	{name: "ramda", esm: true},
	{name: "async", from: "async-0"},
	{name: "async", from: "async-2", standard: true},
	{name: "async"},
	{name: "q"},
	{name: "bluebird"},
	{name: "debug"},
	{name: "semver"},
	{name: "uuid", from: "uuid-8"},
	{name: "uuid", from: "uuid-9"},
	{name: "uuid"},

	{name: "moment", files: true},
	{name: "moment-timezone", files: true},
	{name: "luxon"},
	{name: "dayjs", files: true, subs: []string{"plugin/*.js"}},
	{name: "date-fns", from: "date-fns-2", esm: true, splitSubs: true, subs: []string{"!esm", "[a-z]*"}},
	{name: "date-fns", esm: true, splitSubs: true, subs: []string{"!cdn", "!cdn.min", "!types", "[a-z]*.js"}},

	{name: "ipaddr.js", from: "ipaddr.js-1"},
	{name: "ipaddr.js"},
	{name: "ip-cidr"},
	{name: "validator", files: true, subs: []string{"lib/is*.js"}},
	{name: "zod", from: "zod-3"},
	{name: "zod", esm: true},
	{name: "ajv", from: "ajv-6"},
	{name: "ajv", files: true, subs: []string{"dist/2019.js", "dist/2020.js"}},
	{name: "ajv-formats", files: true},
	{name: "joi"},
	{name: "libphonenumber-js", keepNames: true, subs: []string{"min", "max", "mobile", "core"}},
	{name: "awesome-phonenumber", from: "awesome-phonenumber-2"},
	{name: "awesome-phonenumber"},
	{name: "google-libphonenumber"},
	{name: "iso-639-1"},
	{name: "i18n-iso-countries", files: true},

	{name: "xml2js"},
	{name: "xmldom"},
	{name: "@xmldom/xmldom", from: "@xmldom/xmldom-0.8", files: true},
	{name: "@xmldom/xmldom"},
	{name: "xpath", files: true},
	{name: "xml-crypto", files: true},
	{name: "handlebars"},
	{name: "mustache"},
	{name: "ejs"},
	{name: "sanitize-html"},

	{name: "crypto-js", files: true, subs: []string{"[a-z]*.js"}},
	{name: "tweetnacl", files: true},
	{name: "tweetnacl-util"},
	{name: "node-forge", files: true, shim: "node-forge.js"},
	{name: "@panva/hkdf"},
	{name: "jose", from: "jose-4"},
	{name: "jose", from: "jose-5"},
	{name: "jose", esm: true},
	{name: "node-jose"},
	{name: "openid-client"},
	{name: "form-data"},

	{name: "auth0", from: "auth0-5", files: true, shim: "auth0-5.js"},
	{name: "auth0", from: "auth0-6", files: true, shim: "auth0-6.js"},
	{name: "auth0", files: true, shim: "auth0.js"},
	{name: "native-or-bluebird"},
	{name: "promise"},
	{name: "jwt-decode", from: "jwt-decode-3"},
	{name: "jwt-decode"},
	{name: "njwt"},
	{name: "totp-generator", from: "totp-generator-0"},
	{name: "totp-generator", from: "totp-generator-1"},
	{name: "totp-generator"},
	{name: "otplib"},
	{name: "slug"},
	{name: "bowser"},
	{name: "cloudevents"},
	{name: "simple-crypto-js"},
	{name: "liquid-node"},
	{name: "liquidjs"},
	{name: "lru-cache", from: "lru-cache-4"},
	{name: "lru-cache", from: "lru-cache-7"},
	{name: "lru-cache"},
	{name: "randomatic"},
	{name: "stringify-object"},
	{name: "discourse-sso"},
	{name: "got", from: "got-9"},
	{name: "got"},
	{name: "unirest"},
	{name: "graphql", files: true},
	{name: "graphql-request", from: "graphql-request-1"},
	{name: "graphql-request", from: "graphql-request-3"},
	{name: "graphql-request"},
	{name: "@octokit/rest", from: "@octokit/rest-17"},
	{name: "@octokit/rest"},
	{name: "@neondatabase/serverless", from: "@neondatabase/serverless-0.10"},
	{name: "@neondatabase/serverless"},
	{name: "@fingerprintjs/fingerprintjs-pro-server-api"},
	{name: "@slack/web-api", from: "@slack/web-api-6", files: true},
	{name: "@slack/web-api", files: true},
	{name: "@sentry/node", files: true},
	{name: "@sentry/tracing", files: true},
	{name: "postgres"},
	{name: "aws-sdk", files: true, shim: "aws-sdk.js", subs: []string{"clients/*.js", "lib/core.js", "global.js"}},
	{name: "@aws-sdk/client-cognito-identity-provider", files: true},
	{name: "@aws-sdk/client-dynamodb", files: true},
	{name: "@aws-sdk/client-eventbridge", files: true},
	{name: "@aws-sdk/client-identitystore", files: true},
	{name: "@aws-sdk/client-kms", files: true},
	{name: "@aws-sdk/client-lambda", files: true},
	{name: "@aws-sdk/client-s3", files: true},
	{name: "@aws-sdk/client-secrets-manager", files: true},
	{name: "@aws-sdk/client-ses", files: true},
	{name: "@aws-sdk/client-sesv2", files: true},
	{name: "@aws-sdk/client-sns", files: true},
	{name: "@aws-sdk/client-sqs", files: true},
	{name: "@aws-sdk/client-ssm", files: true},
	{name: "@aws-sdk/client-sts", files: true},
	{name: "@aws-sdk/lib-dynamodb", files: true},
	{name: "@aws-sdk/util-dynamodb", files: true},
	{name: "amazon-cognito-identity-js", shim: "cognito.js"},
	{name: "twilio", from: "twilio-3", files: true},
	{name: "twilio", from: "twilio-4", files: true},
	{name: "twilio", files: true},
	{name: "stripe", from: "stripe-8", files: true},
	{name: "stripe", files: true},
	{name: "@sendgrid/client", files: true},
	{name: "@sendgrid/mail", files: true},
	{name: "@slack/webhook", files: true},
	{name: "nodemailer", files: true},
	{name: "ldapjs", files: true},
	{name: "soap", files: true},
	{name: "mixpanel"},
	{name: "analytics-node"},
	{name: "firebase-admin", files: true, subs: []string{"app", "auth", "firestore", "messaging"}},
}

// lazyExports are files whose members are all `name: require('path')`: each is
// required when it is touched.
var lazyExports = []string{"node_modules/aws-sdk/clients/all.js"}

// ownManagement is what a shim requires to know where the tenant's management API is.
const ownManagement = "rulebox/management"

// builtins are Node.js' own modules. True are those that scripts can require;
// the packages' use of others goes to internal/npm/<name>.
var builtins = map[string]bool{
	"assert": true, "assert/strict": true, "buffer": true, "constants": true, "crypto": true, "events": true,
	"http": true, "https": true, "os": true, "path": true, "perf_hooks": true, "process": true, "punycode": true,
	"querystring": true, "stream": true, "stream/consumers": true, "stream/promises": true, "stream/web": false,
	"string_decoder": true, "timers": true, "timers/promises": true, "url": true, "util": true, "util/types": true,
	"zlib": true, "net": true, "tls": true, "dns": true, "dns/promises": true,

	"async_hooks": false, "console": false, "child_process": false, "cluster": false, "dgram": false, "diagnostics_channel": false,
	"domain": false, "fs": false, "fs/promises": false, "http2": false, "inspector": false,
	"module": false, "readline": false, "repl": false, "sys": false, "tty": false, "v8": false, "vm": false,
	"worker_threads": false,
}
