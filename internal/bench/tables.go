package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

type subject struct {
	c     *candidate
	rules string
	all   []time.Duration
	rates []float64
	// medians are those of each round.
	medians []float64
	// node and jailed are microseconds of processor time for a login, by round.
	node, jailed []float64
}

func (s *subject) name() string {
	if s.rules == "" {
		return s.c.name
	}
	return s.c.name + " " + s.rules
}

// subjects are the candidates with the rules, the two echoes first: embedded, and
// with the NATS server in a process of its own, which is the floor.
func (b *bench) subjects(ctx context.Context, rules ...string) ([]*subject, error) {
	list := []*subject{{c: b.echo}, {c: b.own}}
	for _, c := range []*candidate{b.rulebox, b.rival} {
		if c == nil {
			continue
		}
		for _, r := range rules {
			if err := c.verify(ctx, r, claim[r], b.payload); err != nil {
				return nil, err
			}
			list = append(list, &subject{c: c, rules: r})
		}
	}
	return list, nil
}

func (b *bench) latency(ctx context.Context) error {
	list, err := b.subjects(ctx, "r1", "r2")
	if err != nil {
		return err
	}
	for round := range b.rounds() + 1 {
		for _, s := range list {
			all, err := s.c.sample(ctx, s.rules, b.payload, b.turn())
			if err != nil {
				return err
			}
			if round > 0 { // the first warms up
				s.all = append(s.all, all...)
			}
		}
	}
	table("One login in flight", "what", "p50 µs", "p99 µs", "p50 / echo", "p99 / echo", "p50 / embedded echo", "goal")
	goals := map[string]string{"Rulebox r1": "p50 ≤ 1.8, p99 ≤ 2 of the echo", "Rulebox r2": "p50 ≤ 2.3 of the echo"}
	echo, embedded := list[1], list[0]
	for _, s := range list {
		p50, p99 := percentile(s.all, 50), percentile(s.all, 99)
		row(s.name(), us(p50), us(p99), ratio(p50, percentile(echo.all, 50)), ratio(p99, percentile(echo.all, 99)),
			ratio(p50, percentile(embedded.all, 50)), goals[s.name()])
	}
	return nil
}

func (b *bench) throughput(ctx context.Context) error {
	list, err := b.subjects(ctx, "r1", "r2")
	if err != nil {
		return err
	}
	if err := b.floodAll(ctx, list, 32); err != nil {
		return err
	}
	table("32 logins in flight", "what", "logins/s", "of the echo", "of the rival", "p50 ms", "p99 ms", "goal")
	for _, s := range list {
		goal := ""
		if s.c == b.rulebox {
			goal = "≥ 1 of the rival, 1.5 wanted"
		}
		row(s.name(), fmt.Sprintf("%.0f", median(s.rates)), fmt.Sprintf("%.2f", median(s.rates)/median(list[1].rates)),
			ofRival(b, s, list), ms(percentile(s.all, 50)), ms(percentile(s.all, 99)), goal)
	}
	return nil
}

func (b *bench) floodAll(ctx context.Context, list []*subject, n int) error {
	for round := range b.rounds()/2 + 1 {
		for _, s := range list {
			rate, all, err := s.c.flood(ctx, s.rules, b.payload, n, b.turn())
			if err != nil {
				return err
			}
			if round > 0 {
				s.rates, s.all = append(s.rates, rate), append(s.all, all...)
			}
		}
	}
	return nil
}

func ofRival(b *bench, s *subject, list []*subject) string {
	for _, other := range list {
		if b.rival != nil && other.c == b.rival && other.rules == s.rules {
			return fmt.Sprintf("%.2f", median(s.rates)/median(other.rates))
		}
	}
	return "–"
}

func (b *bench) waiting(ctx context.Context) error {
	list, err := b.subjects(ctx, "r4")
	if err != nil {
		return err
	}
	if err := b.floodAll(ctx, list, 200); err != nil {
		return err
	}
	table("200 logins of one tenant wait for a web service of 5 ms", "what", "logins/s", "of the rival", "p50 ms", "p99 ms", "goal")
	for _, s := range list[2:] {
		goal := ""
		if s.c == b.rulebox {
			goal = fmt.Sprintf("≥ 1.3 of the rival, ≤ 32 workers (now %d)", len(workers(b.rulebox)))
		}
		row(s.name(), fmt.Sprintf("%.0f", median(s.rates)), ofRival(b, s, list), ms(percentile(s.all, 50)), ms(percentile(s.all, 99)), goal)
	}
	return nil
}

// firstLogin measures tenants that no worker has seen.
func (b *bench) firstLogin(ctx context.Context) error {
	n := 100
	if b.quick {
		n = 20
	}
	dir := filepath.Join(b.dir, "fresh")
	for i := range n {
		if err := writeTenant(dir, fmt.Sprintf("t%d", i), rules["r1"], "{}", b.web.addr); err != nil {
			return err
		}
	}
	c, err := b.startRulebox(ctx, "fresh", "--max-workers", "400")
	if err != nil {
		return err
	}
	defer c.close()
	var first, second, echo []time.Duration
	for i := range n {
		time.Sleep(50 * time.Millisecond) // logins of new tenants do not come in bursts
		for _, p := range []struct {
			c    *candidate
			r    string
			into *[]time.Duration
		}{{b.echo, "", &echo}, {c, fmt.Sprintf("t%d", i), &first}, {c, fmt.Sprintf("t%d", i), &second}} {
			took, err := p.c.ask(ctx, p.r, b.payload)
			if err != nil {
				return err
			}
			*p.into = append(*p.into, took)
		}
	}
	table("First login of a tenant that no worker has seen", "what", "p50 ms", "p99 ms", "p50 / echo", "goal")
	row("NATS echo, embedded, at the same pace", ms(percentile(echo, 50)), ms(percentile(echo, 99)), "1", "")
	row("first login", ms(percentile(first, 50)), ms(percentile(first, 99)), ratio(percentile(first, 50), percentile(echo, 50)), "p50 ≤ 2.5 ms")
	row("second login", ms(percentile(second, 50)), ms(percentile(second, 99)), ratio(percentile(second, 50), percentile(echo, 50)), "")
	return nil
}

// noisy measures a tenant while others run endless loops.
func (b *bench) noisy(ctx context.Context) error {
	d := 4 * b.turn()
	quiet, err := b.rulebox.steady(ctx, "r1", b.payload, 100, d)
	if err != nil {
		return err
	}
	table("Logins of one tenant, 100 a second, while others loop for ever", "what", "p50 ms", "p99 ms", "p99 / quiet", "goal")
	row("quiet", ms(percentile(quiet, 50)), ms(percentile(quiet, 99)), "1", "")
	for _, loops := range []int{1, 4} {
		ctx, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		for i := range loops {
			for range 2 { // as many as it may have on the processors
				wg.Go(func() {
					for ctx.Err() == nil {
						_, _ = b.rulebox.conn.RequestWithContext(ctx, b.rulebox.subject(fmt.Sprintf("spin%d", i)), b.payload)
					}
				})
			}
		}
		time.Sleep(b.turn() / 2)
		all, err := b.rulebox.steady(ctx, "r1", b.payload, 100, d)
		cancel()
		wg.Wait()
		if err != nil {
			return err
		}
		goal := map[int]string{1: "≤ 1.2", 4: "≤ 1.5"}[loops]
		row(fmt.Sprintf("%d looping tenants", loops), ms(percentile(all, 50)), ms(percentile(all, 99)), ratio(percentile(all, 99), percentile(quiet, 99)), goal)
	}
	return nil
}

// kill measures how late the answer of an endless loop is.
func (b *bench) kill(ctx context.Context) error {
	var late []time.Duration
	for range b.rounds() {
		begin := time.Now()
		m, err := b.rulebox.conn.RequestWithContext(ctx, b.rulebox.subject("spin"), b.payload)
		if err != nil {
			return err
		}
		if !bytes.Contains(m.Data, []byte(`"timeout"`)) {
			return fmt.Errorf("the loop ended with %.200s", m.Data)
		}
		late = append(late, time.Since(begin)-time.Second)
	}
	table("Answer to an endless loop, after its limit", "what", "p50 ms", "max ms", "goal")
	row("limit 1 s", ms(percentile(late, 50)), ms(percentile(late, 100)), "≤ 250 ms")
	return nil
}

// save measures from the write of a file to the first login it serves.
func (b *bench) save(ctx context.Context) error {
	var all []time.Duration
	for i := range b.rounds() {
		source := strings.Replace(rules["r1"][0], "'free'", fmt.Sprintf("'free%d'", i), 1)
		source = strings.Replace(source, "callback(null", fmt.Sprintf("context.idToken.saved = %d; callback(null", i), 1)
		if err := os.WriteFile(filepath.Join(b.dir, "tenants", "r1", "rules", "01.js"), []byte(source), 0o644); err != nil {
			return err
		}
		begin, want := time.Now(), []byte(fmt.Sprintf(`"saved":%d`, i))
		for {
			m, err := b.rulebox.conn.RequestWithContext(ctx, b.rulebox.subject("r1"), b.payload)
			if err != nil {
				return err
			}
			if bytes.Contains(m.Data, want) {
				break
			}
			if time.Since(begin) > 20*time.Second {
				return fmt.Errorf("not served after 20 s: %.200s", m.Data)
			}
			time.Sleep(2 * time.Millisecond)
		}
		all = append(all, time.Since(begin))
	}
	table("From a saved file to the login it serves", "what", "p50 ms", "max ms", "goal")
	row("warm tenant", ms(percentile(all, 50)), ms(percentile(all, 100)), "≤ 200 ms")
	return nil
}

// density measures the memory of many tenants.
func (b *bench) density(ctx context.Context) error {
	warm, idle := 1000, 10000
	if b.quick {
		warm, idle = 50, 500
	}
	dir := filepath.Join(b.dir, "many")
	for i := range warm {
		if err := writeTenant(dir, fmt.Sprintf("t%d", i), rules["r1"], "{}", b.web.addr); err != nil {
			return err
		}
	}
	c, err := b.startRulebox(ctx, "many", "--max-workers", fmt.Sprint(warm+10), "--log-level", "error")
	if err != nil {
		return err
	}
	defer c.close()
	before := pss(workers(c)...)
	n := len(workers(c))
	for i := range warm {
		if _, err := c.ask(ctx, fmt.Sprintf("t%d", i), b.payload); err != nil {
			return err
		}
	}
	list := workers(c)
	perTenant := float64(pss(list...)-before) / float64(len(list)-n)
	table("Memory of tenants, each in processes of its own", "what", "figure", "goal")
	row("blank worker, KiB (PSS)", fmt.Sprintf("%.0f", float64(before)/float64(max(n, 1))), "")
	row(fmt.Sprintf("warm tenant, KiB (PSS), mean of %d", len(list)-n), fmt.Sprintf("%.0f", perTenant), "")
	row("warm tenants per GiB", fmt.Sprintf("%.0f", (1<<20)/perTenant), "≥ 400")

	idleDir := filepath.Join(b.dir, "idle")
	for i := range idle {
		if err := writeTenant(idleDir, fmt.Sprintf("t%d", i), rules["r1"], "{}", b.web.addr); err != nil {
			return err
		}
	}
	ic, err := b.startRulebox(ctx, "idle", "--log-level", "error")
	if err != nil {
		return err
	}
	defer ic.close()
	row(fmt.Sprintf("node with %d idle tenants, MiB (PSS)", idle), fmt.Sprintf("%.0f", float64(pss(ic.cmd.Process.Pid))/1024), "≤ 300 for 10 000")
	return nil
}

// workers returns the process ids of a server's workers.
func workers(c *candidate) (pids []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", c.cmd.Process.Pid))
	var text []byte
	for _, t := range tasks {
		part, _ := os.ReadFile(t)
		text = append(append(text, part...), ' ')
	}
	for _, f := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(f); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// pss returns the processes' share of memory in KiB.
func pss(pids ...int) (kib int64) { return smaps("Pss:", pids...) }

// smaps sums a line of the processes' smaps_rollup, in KiB.
func smaps(line string, pids ...int) (kib int64) {
	for _, pid := range pids {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		for _, l := range strings.Split(string(text), "\n") {
			if rest, ok := strings.CutPrefix(l, line); ok {
				n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				kib += n
			}
		}
	}
	return kib
}
