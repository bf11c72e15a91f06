package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/runtime"
)

// A realmCost is memory in bytes.
type realmCost struct {
	Module string
	Once   int64 // what stays when the realm is gone
	Realm  int64 // what each realm holds beside that
}

// realmOf measures the module in a process of its own.
func realmOf(ctx context.Context, exe, module string) (cost realmCost, err error) {
	cmd := exec.CommandContext(ctx, exe, "realm", module)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return cost, fmt.Errorf("realms of %q: %w", module, err)
	}
	return cost, json.Unmarshal(out, &cost)
}

// realmMain is the child of realmOf.
func realmMain(args []string) {
	cost, err := measureRealms(args[0])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(cost)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "realm:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// measureRealms holds realms that have loaded the module and wait, first none,
// then some, then more.
func measureRealms(module string) (realmCost, error) {
	cost := realmCost{Module: module}
	blank, err := held("", 1, 0) // an engine that has run once
	if err != nil {
		return cost, err
	}
	once, err := held(module, 1, 0)
	if err != nil {
		return cost, err
	}
	const few, many = 2, 10
	less, err := held(module, 1, few)
	if err != nil {
		return cost, err
	}
	more, err := held(module, 1, many)
	if err != nil {
		return cost, err
	}
	cost.Once, cost.Realm = once-blank, (more-less)/(many-few)
	return cost, nil
}

// held returns the heap in use when a runner has answered some logins and others,
// at the same time, wait with the module loaded.
func held(module string, answered, waiting int) (int64, error) {
	var resting atomic.Int64 // how many have left the processor, less those that took it
	r := runtime.NewRunner(runtime.Options{OnCPU: func(number uint64, script int) {
		if number == 0 {
			resting.Add(1)
		}
	}})
	chain := &rulebox.Chain{Tenant: "bench", Trigger: rulebox.TriggerLogin, Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "hold",
		`function hold(user, context, callback) {
  if (user.load) var held = require(user.load);
  if (user.wait) return setTimeout(function () { callback(null, user, context, held); }, 60000);
  callback(null, user, context);
}`)}, Limits: rulebox.Limits{Wall: 2 * time.Minute}}
	ctx, cancel := context.WithCancel(context.Background())
	invoke := func(wait bool) error {
		user, err := json.Marshal(map[string]any{"load": module, "wait": wait})
		if err == nil {
			_, err = r.Invoke(ctx, &rulebox.Invocation{Chain: chain, ID: "bench", Args: []json.RawMessage{user, json.RawMessage(`{"idToken":{}}`)}})
		}
		return err
	}
	for range answered {
		if err := invoke(false); err != nil {
			cancel()
			return 0, err
		}
	}
	var wg sync.WaitGroup
	fail := make(chan error, waiting)
	for i := range waiting {
		before := resting.Load()
		wg.Go(func() {
			if err := invoke(true); err != nil && ctx.Err() == nil {
				fail <- err
			}
		})
		for end := time.Now().Add(time.Minute); resting.Load() == before && len(fail) == 0; {
			if time.Now().After(end) {
				cancel()
				return 0, fmt.Errorf("realm %d does not wait", i)
			}
			time.Sleep(time.Millisecond)
		}
	}
	in := heap()
	cancel()
	wg.Wait()
	r.Close()
	if len(fail) > 0 {
		return 0, <-fail
	}
	goruntime.KeepAlive(r)
	return in, nil
}

// heap is what is live on the heap, in bytes.
func heap() int64 {
	var m goruntime.MemStats
	for range 2 { // what has finalizers or is in pools needs two
		goruntime.GC()
	}
	goruntime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
