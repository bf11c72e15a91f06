// Package runtime runs scripts: programs from a cache, a fresh realm for every
// invocation, and the rules of who may be on the processor.
//
// # How a run ends
//
// A rule, a hook and a database script end when they call their callback. The
// first call counts; later ones are logged. What they return, also a promise,
// ends nothing.
//
//	callback(), callback(null, …)      success; for a rule the objects given
//	                                   replace user and context
//	callback(error)                    denied, whatever the error is: an Error, a
//	                                   string, an object. Name and Message are its
//	a throw, a rejected promise that   threw; but denied for an UnauthorizedError,
//	nobody handles, a throw in a       which cannot mean anything else
//	timer or an I/O callback
//	a throw after the callback         logged
//	nothing left to wait for           timeout, at once: nothing could call the
//	                                   callback any more
//	the limit, the caller's deadline   timeout
//	stack, output, or the watchdog     memory
//	a source that does not compile     invalid
//
// A failure blames the script in which it began, also when another one of the
// chain was running by then: promise jobs, timers and I/O belong to the script
// that started them.
//
// What is still in flight when the answer is made, such as a request that nobody
// waits for, runs on until it ends or the limit passes.
package runtime
