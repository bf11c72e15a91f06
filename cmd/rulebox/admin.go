package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/rulebox/rulebox/bus"
	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/store"
)

// defaultData is the data folder where none is named.
const defaultData = "data"

func doctor(ctx context.Context, flags *pflag.FlagSet, args []string, std stdio) int {
	asJSON := flags.Bool("json", false, "print the report as JSON")
	level := flags.String("require", "", "exit with 1 below this `level`: "+levels)
	natsURL := flags.String("nats", "", "also say whether nodes can share logins and caches over the NATS server at this `URL`")
	creds := flags.String("nats-creds", "", "credentials `file` of a node for --nats")
	if code, done := parse(flags, args, std); done {
		return code
	}
	plan, err := confine.Probe(confine.JS)
	if err != nil {
		return fails(std, err)
	}
	report := plan.Report()
	if *asJSON {
		e := json.NewEncoder(std.out)
		e.SetIndent("", "  ")
		err = e.Encode(report)
	} else {
		err = report.WriteText(std.out)
	}
	if err != nil {
		return fails(std, err)
	}
	if *natsURL != "" {
		if err := sharing(ctx, *natsURL, *creds, *asJSON, std); err != nil {
			return fails(std, err)
		}
	}
	if *level == "" {
		return exitOK
	}
	l, err := confine.ParseLevel(*level)
	if err != nil {
		return misused(std, "--require: %v", err)
	}
	if err := plan.Require(l); err != nil {
		return fails(std, err)
	}
	return exitOK
}

func token(_ context.Context, flags *pflag.FlagSet, args []string, std stdio) int {
	data := flags.String("data", defaultData, "the server's data `folder`")
	tenants := flags.StringSlice("tenant", nil, "make a token that fires this `tenant`'s triggers and nothing else; may be repeated")
	name := flags.String("name", "", "whom it is for, kept beside the hash (default: the tenants' names, or operator)")
	if code, done := parse(flags, args, std); done {
		return code
	}
	switch {
	case flags.NArg() != 1:
		return misused(std, "it is `rulebox token create [--tenant T]` or `rulebox token revoke --name N`")
	case flags.Arg(0) == "create":
		if !flags.Changed("tenant") {
			*tenants = nil // an operator's token, and not by an empty --tenant
		} else if len(*tenants) == 0 {
			return misused(std, "--tenant is empty: name the tenant, or leave the flag out for an operator's token, which may do everything")
		}
		return createToken(*data, *tenants, *name, std)
	case flags.Arg(0) == "revoke":
		if *name == "" {
			return misused(std, "--name says which tokens to revoke; the names stand in tokens.json of the data folder")
		}
		if flags.Changed("tenant") {
			return misused(std, "--tenant is for `rulebox token create`; tokens are revoked by --name")
		}
		return revokeToken(*data, *name, std)
	}
	return misused(std, "there is no `rulebox token %s`, only create and revoke", flags.Arg(0))
}

func createToken(data string, tenants []string, name string, std stdio) int {
	if name == "" {
		name = cmp.Or(strings.Join(tenants, "-"), "operator")
	}
	warnNewData(data, std)
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fails(std, dataError(err))
	}
	tokens, err := store.OpenTokens(data)
	if err != nil {
		return fails(std, err)
	}
	t, err := tokens.Create(name, tenants)
	if err != nil {
		return fails(std, err)
	}
	fmt.Fprintln(std.out, t)
	warnUnknown(data, tenants, "token", std)
	return exitOK
}

func revokeToken(data, name string, std stdio) int {
	tokens, err := store.OpenTokens(data)
	if err != nil {
		return fails(std, err)
	}
	if err := tokens.Revoke(name); err != nil {
		return fails(std, err)
	}
	return exitOK
}

// dataError is what is wrong with the data folder.
func dataError(err error) error {
	return fmt.Errorf("data folder: %w; name another with --data", err)
}

func creds(_ context.Context, flags *pflag.FlagSet, args []string, std stdio) int {
	data := flags.String("data", defaultData, "the server's data `folder`")
	tenants := flags.StringSlice("tenant", nil, "the `tenant` whose subjects may be published to; may be repeated")
	name := flags.String("name", "", "whom they are for (default: the tenants' names)")
	if code, done := parse(flags, args, std); done {
		return code
	}
	switch {
	case flags.NArg() != 1:
		return misused(std, "it is `rulebox creds create --tenant T` or `rulebox creds revoke --name N`")
	case flags.Arg(0) == "create":
		return createCreds(*data, *tenants, *name, std)
	case flags.Arg(0) == "revoke":
		if *name == "" {
			return misused(std, "--name says which credentials to revoke")
		}
		if err := bus.RevokeCreds(*data, *name); err != nil {
			return fails(std, err)
		}
		return exitOK
	}
	return misused(std, "there is no `rulebox creds %s`", flags.Arg(0))
}

func createCreds(data string, tenants []string, name string, std stdio) int {
	if len(tenants) == 0 {
		return misused(std, "--tenant is missing: credentials are for named tenants")
	}
	if name == "" {
		name = strings.Join(tenants, "-")
	}
	warnNewData(data, std)
	path, err := bus.CreateCreds(data, tenants, name)
	if err != nil {
		return fails(std, err)
	}
	fmt.Fprintln(std.out, path)
	warnUnknown(data, tenants, "credential", std)
	return exitOK
}
