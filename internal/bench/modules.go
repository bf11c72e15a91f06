package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// popular are the modules that real scripts require, the most used first. The
// table has the first 20 that the binary knows.
var popular = []string{"request", "axios", "bcrypt", "auth0", "tedious", "mongodb", "jsonwebtoken", "lodash", "crypto", "pg", "url",
	"node-fetch", "mysql", "aws-sdk", "uuid", "@auth0/rule-utilities", "node-jose", "https", "jose", "qs", "slack-notify", "twilio",
	"xpath", "jwks-rsa", "request-promise", "ipaddr.js", "extend"}

const popularCount = 20

// loader requires what the login names: the name is not in its source, so that
// nothing is made ready for it but by an earlier login.
const loader = `function load(user, context, callback) {
  if (user.load) require(user.load);
  context.idToken.loaded = true;
  callback(null, user, context);
}`

// loads is the payload with user.load.
func (b *bench) loads(module string) []byte {
	return bytes.Replace(b.payload, []byte(`"user":{`), []byte(`"user":{"load":`+quote(module)+`,`), 1)
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

type moduleCost struct {
	name                   string
	cold, fresh, ready     []time.Duration
	coldOf, freshOf, ownOf []time.Duration // of a login that requires nothing, at the same pace
}

// moduleLoads measures what a login pays for a module: the first time in a worker
// (unpacked, compiled, evaluated), in a realm that was not made ready for it, and
// in one that was. The floor is the same rule when it requires nothing.
func (b *bench) moduleLoads(ctx context.Context) error {
	colds, rounds := 5, 2*b.rounds()
	if b.quick {
		colds = 2
	}
	dir := filepath.Join(b.dir, "modules")
	var tenants []string
	for i := range popular {
		for j := range colds {
			tenants = append(tenants, fmt.Sprintf("m%d-%d", i, j), fmt.Sprintf("e%d-%d", i, j))
		}
	}
	for _, t := range tenants {
		if err := writeTenant(dir, t, []string{loader}, "{}", b.web.addr); err != nil {
			return err
		}
	}
	c, err := b.startRulebox(ctx, "modules", "--max-workers", fmt.Sprint(len(tenants)+10), "--max-workers-per-tenant", "1", "--warm", "4")
	if err != nil {
		return err
	}
	defer c.close()
	var costs []*moduleCost
	var absent []string
	for i, name := range popular {
		if len(costs) == popularCount {
			break
		}
		m := &moduleCost{name: name}
		known, err := b.coldLoads(ctx, c, m, i, colds)
		if err != nil {
			return err
		}
		if !known {
			absent = append(absent, name)
			continue
		}
		if err := b.warmLoads(ctx, c, m, fmt.Sprintf("m%d-0", i), rounds); err != nil {
			return err
		}
		costs = append(costs, m)
	}
	title := "What a login pays for a module"
	if len(absent) > 0 {
		title += " (not in this binary: " + strings.Join(absent, ", ") + ")"
	}
	table(title, "rule requires", "first in a worker, ms", "/ nothing", "realm not made ready, ms", "/ nothing", "made ready, ms", "/ nothing")
	for _, m := range costs {
		row(m.name, ms(percentile(m.cold, 50)), ratio(percentile(m.cold, 50), percentile(m.coldOf, 50)),
			ms2(percentile(m.fresh, 50)), ratio(percentile(m.fresh, 50), percentile(m.freshOf, 50)),
			ms2(percentile(m.ready, 50)), ratio(percentile(m.ready, 50), percentile(m.ownOf, 50)))
	}
	return nil
}

// coldLoads sends first logins to tenants that no worker has seen: each gets one
// that has loaded nothing. It reports whether the module exists.
func (b *bench) coldLoads(ctx context.Context, c *candidate, m *moduleCost, i, n int) (known bool, err error) {
	body, nothing := b.loads(m.name), b.loads("")
	for j := range n {
		for _, p := range []struct {
			tenant string
			body   []byte
			into   *[]time.Duration
		}{{fmt.Sprintf("m%d-%d", i, j), body, &m.cold}, {fmt.Sprintf("e%d-%d", i, j), nothing, &m.coldOf}} {
			time.Sleep(60 * time.Millisecond) // until blank workers are ready again
			took, fault, err := c.loaded(ctx, p.tenant, p.body)
			if err != nil {
				return false, err
			}
			if strings.Contains(fault, "Cannot find module '"+m.name+"'") {
				return false, nil
			}
			if fault != "" {
				return false, fmt.Errorf("require(%q): %s", m.name, fault)
			}
			*p.into = append(*p.into, took)
		}
	}
	return true, nil
}

// warmLoads measures in one worker. A login finds a realm that was made ready for
// what the login before it touched. So a module after nothing finds one that has
// not loaded it, the same module again one that has.
func (b *bench) warmLoads(ctx context.Context, c *candidate, m *moduleCost, tenant string, rounds int) error {
	body, nothing := b.loads(m.name), b.loads("")
	var first time.Duration
	pause := 2 * percentile(m.cold, 50)
	for round := range rounds + 1 {
		if round == 1 {
			pause = 3 * first // making ready is done by then
		}
		for _, p := range []struct {
			body []byte
			into *[]time.Duration
		}{{nothing, nil}, {body, &m.fresh}, {body, &m.ready}, {nothing, nil}, {nothing, &m.freshOf}, {nothing, &m.ownOf}} {
			time.Sleep(max(pause, 5*time.Millisecond))
			took, fault, err := c.loaded(ctx, tenant, p.body)
			if err != nil {
				return err
			}
			if fault != "" {
				return fmt.Errorf("require(%q): %s", m.name, fault)
			}
			if round == 0 {
				first = max(first, took)
			} else if p.into != nil {
				*p.into = append(*p.into, took)
			}
		}
	}
	return nil
}

// loaded asks once. The fault is the error's code and text if the rule failed.
func (c *candidate) loaded(ctx context.Context, tenant string, body []byte) (took time.Duration, fault string, err error) {
	begin := time.Now()
	m, err := c.conn.RequestWithContext(ctx, c.subject(tenant), body)
	took = time.Since(begin)
	if err != nil {
		return 0, "", err
	}
	var out struct {
		Context struct {
			IDToken struct {
				Loaded bool `json:"loaded"`
			} `json:"idToken"`
		} `json:"context"`
		Error *struct{ Code, Message string } `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &out); err != nil {
		return 0, "", fmt.Errorf("%w in %.200s", err, m.Data)
	}
	switch {
	case out.Error != nil:
		return took, out.Error.Code + ": " + out.Error.Message, nil
	case !out.Context.IDToken.Loaded:
		return 0, "", fmt.Errorf("tenant %s: %.300s", tenant, m.Data)
	}
	return took, "", nil
}

func ms2(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d.Nanoseconds())/1e6) }

// heavy are the packages of which a realm holds most, of all in the table; the
// table has the ten heaviest of them. An earlier generation stands for itself.
var heavy = []string{"twilio@5", "twilio@4", "google-libphonenumber", "awesome-phonenumber@7", "awesome-phonenumber@2", "soap", "semver",
	"@aws-sdk/client-s3", "@aws-sdk/client-ssm", "@aws-sdk/client-cognito-identity-provider", "@sendgrid/mail", "@slack/webhook",
	"@aws-sdk/client-sesv2", "node-jose"}

const heavyCount = 10

// realmMemory measures what one more realm with the module holds on the heap, in
// a process of its own for each: how much it is once a worker, and once a realm.
func (b *bench) realmMemory(ctx context.Context) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	empty, err := realmOf(ctx, exe, "")
	if err != nil {
		return err
	}
	var list []realmCost
	for _, name := range heavy {
		cost, err := realmOf(ctx, exe, name)
		if err != nil {
			return err
		}
		list = append(list, cost)
	}
	slices.SortFunc(list, func(x, y realmCost) int { return int(y.Realm - x.Realm) })
	table("Memory of modules: the heaviest, on the heap after a collection", "rule requires", "a realm, KiB", "/ nothing", "once a worker, KiB")
	for _, cost := range append([]realmCost{empty}, list[:min(heavyCount, len(list))]...) {
		name := cost.Module
		if name == "" {
			name = "nothing"
		}
		row(name, fmt.Sprint(cost.Realm>>10), fmt.Sprintf("%.1f", float64(cost.Realm)/float64(max(empty.Realm, 1))), fmt.Sprint(cost.Once>>10))
	}
	return nil
}
