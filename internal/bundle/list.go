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
	// shim is a file of modules/npm/shims that stands for the package.
	shim string
	// subs are patterns of files and folders in the package that scripts can
	// require as name/path.
	subs []string
	// standard marks the generation that require() without a version gives to
	// rules and database scripts; if none is marked, it is the oldest.
	standard bool
}

// packages are in the order of the table; generations of one name oldest first.
var packages = []pkg{
	{name: "lodash", from: "lodash-2", files: true},
	{name: "lodash", from: "lodash-3", files: true},
	{name: "lodash", files: true, standard: true, subs: []string{"[a-z]*.js"}},
	{name: "moment", files: true},
	{name: "moment-timezone", files: true},
}

// lazyExports are files whose members are all `name: require('path')`: each is
// required when it is touched.
var lazyExports = []string{"node_modules/aws-sdk/clients/all.js"}

// builtins are Node.js' own modules. True are those that scripts can require;
// the packages' use of others goes to internal/npm/<name>.
var builtins = map[string]bool{
	"assert": true, "assert/strict": true, "buffer": true, "constants": true, "crypto": true, "events": true,
	"http": true, "https": true, "os": true, "path": true, "perf_hooks": true, "process": true, "punycode": true,
	"querystring": true, "stream": true, "stream/consumers": true, "stream/promises": true, "stream/web": true,
	"string_decoder": true, "timers": true, "timers/promises": true, "url": true, "util": true, "util/types": true,
	"zlib": true, "net": true, "tls": true, "dns": true, "console": true,

	"async_hooks": false, "child_process": false, "cluster": false, "dgram": false, "diagnostics_channel": false,
	"dns/promises": false, "domain": false, "fs": false, "fs/promises": false, "http2": false, "inspector": false,
	"module": false, "readline": false, "repl": false, "sys": false, "tty": false, "v8": false, "vm": false,
	"worker_threads": false,
}
