// Package sandbox runs invocations in jailed worker processes.
//
// A Pool keeps blank workers warm, gives each to one tenant for life, and ends a
// worker that passes its limits: the node's clock and SIGKILL are the truth,
// whatever a worker says. This package is the parent's side; what runs inside is
// sandbox/worker, and the jail itself sandbox/confine. It never parses a
// customer's source.
package sandbox

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"go.uber.org/zap"

	"github.com/rulebox/rulebox"

	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// Options say how a Pool works. The zero value of every field is usable.
type Options struct {
	// Command starts a worker: executable path and arguments. Default: this
	// executable with the argument `worker`.
	Command []string
	// Program, if not nil, is the worker's executable, and Command[0] only a name: a
	// program that links nothing but the worker, so that its processes do not pay for
	// the rest. It is the caller's, and stays open as long as the pool lives. See
	// confine.NewProgram.
	Program *os.File
	// Plan is the jail. Default: what confine.Probe finds for JavaScript.
	Plan *confine.Plan
	// Warm is how many blank workers are kept ready. Default 2.
	Warm int
	// MaxWorkers bounds the workers that belong to tenants. Default 256.
	MaxWorkers int
	// MaxPerTenant bounds the workers of one tenant (and of one session).
	// Default: GOMAXPROCS, at least 2.
	MaxPerTenant int
	// Connections bounds the connections to databases that one tenant (and one
	// session) holds, those that wait for the next login included; each worker has
	// its share, at least one. Default: two for each of MaxPerTenant, at least 8.
	Connections int
	// MaxInflightPerWorker bounds the invocations that one worker holds; all but
	// one of them wait. Default 256, at most 448.
	MaxInflightPerWorker int
	// Queue bounds the invocations that wait for a worker, of all tenants.
	// Default 1024.
	Queue int
	// IdleTTL is how long a tenant's worker may be without work before it is
	// retired. Default 10 minutes. SessionTTL is the same for workers of a
	// session. Default 30 s.
	IdleTTL, SessionTTL time.Duration
	// Grace is what a worker gets beyond the deadline to end an invocation by
	// itself, before it is killed. Default 100 ms.
	Grace time.Duration
	// Drain is how long Run waits for running invocations after its context
	// ended. Default 5 s.
	Drain time.Duration
	// Egress is what scripts may dial.
	Egress Egress
	// Code keeps native code of WebAssembly. Default: in memory, for as long as the
	// pool lives.
	Code CodeStore
	// CompileTime bounds the compilation of one script that is WebAssembly. Default
	// 30 s.
	CompileTime time.Duration
	// OnLate, if not nil, takes the lines that scripts log after their answer. It
	// may be called by several goroutines.
	OnLate func(rulebox.Log)
	// Logger gets one line for each worker that died and each refused dial.
	// Default: none.
	Logger *zap.Logger
}

// Egress is the node's policy for connections that scripts open. The zero value
// allows public addresses and nothing else.
type Egress struct {
	// Allow opens more: CIDR prefixes and addresses, host:port, *.domain:port.
	// Port may be `*`.
	Allow []string
	// Proxy is the URL of an HTTP proxy through which everything goes that Allow
	// does not name; http://[user:password@]host:port. Empty means none.
	Proxy string
	// CA holds further trusted roots, PEM, beside the system's.
	CA []byte
	// Resolver looks names up. Default: Go's own.
	Resolver Resolver
	// MaxDials bounds the connections that one worker may be opening at a time,
	// Rate those it may open in a second. Beyond, dials wait. Defaults 64, 1000.
	MaxDials, Rate int
}

func (o Options) withDefaults() (Options, error) {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	setD := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	if len(o.Command) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return o, fmt.Errorf("sandbox: find this executable, which is the worker's too: %w", err)
		}
		o.Command = []string{exe, "worker"}
	}
	set(&o.Warm, 2)
	set(&o.MaxWorkers, 256)
	set(&o.MaxPerTenant, max(2, runtime.GOMAXPROCS(0)))
	set(&o.Connections, max(8, 2*o.MaxPerTenant))
	set(&o.MaxInflightPerWorker, 256)
	o.MaxInflightPerWorker = min(o.MaxInflightPerWorker, wire.Slots)
	set(&o.Queue, 1024)
	setD(&o.IdleTTL, 10*time.Minute)
	setD(&o.SessionTTL, 30*time.Second)
	setD(&o.CompileTime, 30*time.Second)
	setD(&o.Grace, 100*time.Millisecond)
	setD(&o.Drain, 5*time.Second)
	set(&o.Egress.MaxDials, 64)
	set(&o.Egress.Rate, 1000)
	if o.Code == nil {
		o.Code = &memoryCode{}
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return o, nil
}
