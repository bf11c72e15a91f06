package main

import (
	"context"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/store"
)

// usePackages gives the chain the added packages of the data folder that its
// scripts require, and returns all of them. A folder that is not there has none.
func usePackages(data string, chain *rulebox.Chain) (*store.Packages, error) {
	packages := store.OpenPackages(data)
	if err := packages.Load(); err != nil {
		return nil, err
	}
	chain.Packages = packages.For(chain)
	return packages, nil
}

// A readied is an Invoker for code that nobody saved: it compiles first what is
// WebAssembly.
type readied struct {
	ready func(context.Context, *rulebox.Chain) error
	next  rulebox.Invoker
}

// Invoke implements rulebox.Invoker.
func (r readied) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	if inv.Chain != nil {
		if err := r.ready(ctx, inv.Chain); err != nil {
			return &rulebox.Result{ID: inv.ID, Decision: rulebox.Fault}, err
		}
	}
	return r.next.Invoke(ctx, inv)
}

// An unsaved is an Invoker for code that nobody saved: it finds the added packages
// as a tenant's does.
type unsaved struct {
	packages *store.Packages
	next     rulebox.Invoker
}

// Invoke implements rulebox.Invoker.
func (u unsaved) Invoke(ctx context.Context, inv *rulebox.Invocation) (*rulebox.Result, error) {
	if inv.Chain == nil || inv.Chain.Packages != nil {
		return u.next.Invoke(ctx, inv)
	}
	if list := u.packages.For(inv.Chain); len(list) > 0 {
		chain := *inv.Chain
		chain.Packages = list
		bound := *inv
		bound.Chain = &chain
		inv = &bound
	}
	return u.next.Invoke(ctx, inv)
}
