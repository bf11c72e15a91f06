package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rulebox/rulebox/internal/wasmtest"
	"github.com/rulebox/rulebox/runtime/wasm"
)

// A heavy rule: rounds of a hash over words in registers and in memory, in
// JavaScript, in C for WebAssembly, and in Go for a floor. All give the same number.
const heavyRounds = 300_000

var heavyRule = fmt.Sprintf(`function heavy(user, context, callback) {
  const state = new Uint32Array(256);
  let h = 2166136261;
  for (let i = 0; i < %d; i++) {
    h = Math.imul(h ^ (i & 255), 16777619) >>> 0;
    const k = h & 255;
    state[k] = (state[k] + h) >>> 0;
    h = (h ^ (state[k] >>> 3)) >>> 0;
  }
  context.idToken['https://acme.example/plan'] = h;
  callback(null, user, context);
}`, heavyRounds)

const heavyC = `
static u32 state[256];
handler(rule) i32 rule(void) {
  u32 h = 2166136261u;
  for (u32 i = 0; i < %d; i++) {
    h = (h ^ (i & 255)) * 16777619u;
    u32 k = h & 255;
    state[k] += h;
    h ^= state[k] >> 3;
  }
  char digits[12], out[100]; u32 n = 0, o = 0;
  do { digits[n++] = '0' + h %% 10; h /= 10; } while (h);
  for (const char *s = "{\"commands\":[[\"idToken.setCustomClaim\",\"https://acme.example/plan\","; *s; s++) out[o++] = *s;
  while (n) out[o++] = digits[--n];
  out[o++] = ']'; out[o++] = ']'; out[o++] = '}'; out[o] = 0;
  output(out);
  return 0;
}`

func heavyGo() uint32 {
	var state [256]uint32
	h := uint32(2166136261)
	for i := range uint32(heavyRounds) {
		h = (h ^ i&255) * 16777619
		k := h & 255
		state[k] += h
		h ^= state[k] >> 3
	}
	return h
}

// webAssembly measures the examples, which set one claim as r1 does: the engine's
// steps in this process, and whole logins beside r1.
func (b *bench) webAssembly(ctx context.Context) error {
	dir := b.path("wasm")
	var names []string
	sources := map[string][]byte{}
	add := func(tenant, file string, text []byte) error {
		folder := filepath.Join(dir, tenant, "rules")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, file), text, 0o644)
	}
	for _, name := range wasmtest.Examples {
		out := b.path(name + ".wasm")
		if err := wasmtest.BuildExample(name, out); err != nil {
			fmt.Println("Left out:", err)
			continue
		}
		text, err := os.ReadFile(out)
		if err != nil {
			return err
		}
		if err := add(name, "rule.wasm", text); err != nil {
			return err
		}
		names, sources[name] = append(names, name), text
	}
	heavy := b.path("heavy.wasm")
	if err := wasmtest.BuildC(fmt.Sprintf(heavyC, heavyRounds), heavy); err != nil {
		return err
	}
	text, err := os.ReadFile(heavy)
	if err != nil {
		return err
	}
	for _, err := range []error{add("heavy-wasm", "rule.wasm", text), add("heavy-js", "rule.js", []byte(heavyRule)), add("r1", "rule.js", []byte(rules["r1"][0]))} {
		if err != nil {
			return err
		}
	}
	c, err := b.startRulebox(ctx, "wasm")
	if err != nil {
		return err
	}
	defer c.close()
	c.name = ""
	if err := b.smallModules(ctx, c, names, sources); err != nil {
		return err
	}
	return b.heavyModules(ctx, c)
}

// turns measures the tenants one after the other, again and again.
func (b *bench) turns(ctx context.Context, c *candidate, tenants []string) ([]*subject, error) {
	var list []*subject
	for _, name := range tenants {
		if err := c.verify(ctx, name, "https://acme.example/plan", b.payload); err != nil {
			return nil, err
		}
		list = append(list, &subject{c: c, rules: name})
	}
	for round := range b.rounds() + 1 {
		for _, s := range list {
			all, err := s.c.sample(ctx, s.rules, b.payload, b.turn()/3)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				s.all = append(s.all, all...)
			}
		}
	}
	return list, nil
}

func (b *bench) smallModules(ctx context.Context, c *candidate, names []string, sources map[string][]byte) error {
	list, err := b.turns(ctx, c, append([]string{"r1"}, names...))
	if err != nil {
		return err
	}
	alone := make([]time.Duration, len(list))
	for i, s := range list {
		alone[i], s.all = percentile(s.all, 50), nil
	}
	if err := b.floodAll(ctx, list, 32); err != nil {
		return err
	}
	table("A rule that sets one claim, in WebAssembly, beside r1 in JavaScript", "what", "module, KiB", "compile ms", "load from its file ms", "instantiate µs", "instantiate and call µs",
		"login p50 µs", "/ JavaScript", "logins/s, 32 in flight", "of JavaScript")
	for i, s := range list {
		steps := []string{"–", "–", "–", "–", "–"}
		if text := sources[s.rules]; text != nil {
			if steps, err = b.steps(ctx, text); err != nil {
				return err
			}
		}
		row(append(append([]string{s.rules}, steps...), us(alone[i]), ratio(alone[i], alone[0]),
			fmt.Sprintf("%.0f", median(s.rates)), fmt.Sprintf("%.2f", median(s.rates)/median(list[0].rates)))...)
	}
	return nil
}

// steps measures what the engine does with a module, in this process.
func (b *bench) steps(ctx context.Context, source []byte) ([]string, error) {
	dir, err := os.MkdirTemp(b.dir, "code-")
	if err != nil {
		return nil, err
	}
	var p *wasm.Program
	open := func(dir string) func() error {
		return func() error {
			e, err := wasm.NewEngine(ctx, wasm.Options{CacheDir: dir})
			if err == nil {
				p, err = e.Compile(ctx, source)
			}
			return err
		}
	}
	out := []string{fmt.Sprint(len(source) >> 10)}
	for _, step := range []struct {
		unit func(time.Duration) string
		do   func() error
	}{
		{ms, open("")}, {ms, open(dir)},
		{us, func() error { return p.Instantiate(ctx, 128<<20) }},
		{us, func() error {
			_, err := p.Run(ctx, wasm.Input{Document: b.payload, Memory: 128 << 20, Output: 1 << 20})
			return err
		}},
	} {
		if err := step.do(); err != nil { // the first time fills the folder, and warms up
			return nil, err
		}
		var all []time.Duration
		for range 3 * b.rounds() {
			begin := time.Now()
			if err := step.do(); err != nil {
				return nil, err
			}
			all = append(all, time.Since(begin))
		}
		out = append(out, step.unit(percentile(all, 50)))
	}
	return out, nil
}

func (b *bench) heavyModules(ctx context.Context, c *candidate) error {
	list, err := b.turns(ctx, c, []string{"r1", "heavy-js", "heavy-wasm"})
	if err != nil {
		return err
	}
	var native []time.Duration
	for range 50 {
		begin := time.Now()
		if heavyGo() == 0 {
			return fmt.Errorf("the hash is 0")
		}
		native = append(native, time.Since(begin))
	}
	table(fmt.Sprintf("A rule that computes: %d rounds of a hash", heavyRounds), "what", "login p50 ms", "more than r1, ms", "/ native Go")
	empty, floor := percentile(list[0].all, 50), percentile(native, 50)
	row("native Go, no login", "–", ms(floor), "1.00")
	for _, s := range list[1:] {
		p50 := percentile(s.all, 50)
		row(s.rules, ms(p50), ms(p50-empty), ratio(p50-empty, floor))
	}
	return nil
}
