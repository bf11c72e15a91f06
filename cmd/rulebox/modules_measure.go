package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/store"
)

// loadCost is what require() of a module takes, in milliseconds.
type loadCost struct{ cold, warm float64 }

// warmRuns is how often the warm cost is measured; the least counts.
const warmRuns = 3

// measureModule loads a module in jailed workers of its own: first in one that
// has never seen it, then in the same one, in fresh realms.
func measureModule(ctx context.Context, pool *sandbox.Pool, request string, packages []rulebox.Package) (loadCost, error) {
	name, err := json.Marshal(request)
	if err != nil {
		return loadCost{}, err
	}
	session := rulebox.NewID()
	once := func(i int) (float64, error) {
		// A source of its own each time: nothing is made ready ahead for it.
		source := fmt.Sprintf("function (user, context, callback) { require(%s); callback(null, %d); }", name, i)
		res, err := pool.Invoke(ctx, &rulebox.Invocation{
			ID: rulebox.NewID(), Args: []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`)},
			Chain: &rulebox.Chain{
				Tenant: "modules", Trigger: rulebox.TriggerLogin, Session: session, Packages: packages,
				Scripts: []*rulebox.Script{rulebox.NewScript(rulebox.KindRule, "measure", source)},
			},
		})
		if err != nil {
			return 0, err
		}
		if len(res.Scripts) != 1 {
			return 0, fmt.Errorf("the engine gave no time for it")
		}
		// The engine's clock; that of scripts is coarse.
		return float64(res.Scripts[0].Duration) / float64(time.Millisecond), nil
	}
	var c loadCost
	if c.cold, err = once(0); err != nil {
		return c, err
	}
	for i := range warmRuns {
		ms, err := once(i + 1)
		if err != nil {
			return c, err
		}
		if i == 0 || ms < c.warm {
			c.warm = ms
		}
	}
	return c, nil
}

// measureRows measures what can be loaded.
func measureRows(ctx context.Context, rows []moduleRow, packages *store.Packages, jail *jailFlags) error {
	return withPool(ctx, jail, func(pool *sandbox.Pool) error {
		for i := range rows {
			r := &rows[i]
			if r.Source == retired {
				continue
			}
			c, err := measureModule(ctx, pool, r.ID(), packages.All())
			if rulebox.CodeOf(err) == rulebox.CodeUnavailable || ctx.Err() != nil {
				return err
			}
			if err != nil {
				r.Problem = err.Error()
				continue
			}
			r.Cold, r.Warm = &c.cold, &c.warm
		}
		return nil
	})
}
