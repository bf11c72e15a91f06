package modules

// retiredNode are Node.js built-ins that scripts cannot have, with the advice
// that require() fails with.
func retiredNode() []Module {
	const (
		files   = "there is no file system here; put the data into configuration, or fetch it"
		process = "scripts cannot start processes or threads; call a web service with fetch"
		vm      = "scripts cannot compile other code; put it into the script"
		listen  = "scripts cannot listen or send datagrams; call out with fetch or http"
		engine  = "the engine is not V8 and has no such window into it"
		console = "scripts have no terminal; write with console.log"
	)
	advice := []struct{ name, text string }{
		{"fs", files}, {"fs/promises", files},
		{"child_process", process}, {"cluster", process}, {"worker_threads", process},
		{"vm", vm}, {"module", vm}, {"wasi", vm},
		{"dgram", listen}, {"http2", "HTTP/2 sessions are not offered; use fetch, http or https"},
		{"v8", engine}, {"inspector", engine}, {"inspector/promises", engine}, {"trace_events", engine},
		{"repl", console}, {"readline", console}, {"readline/promises", console},
		{"test", "scripts are tested from outside, not from within"}, {"sea", files}, {"sqlite", files},
	}
	list := make([]Module, len(advice))
	for i, a := range advice {
		list[i] = Module{Name: a.name, Retired: a.text}
	}
	return list
}
