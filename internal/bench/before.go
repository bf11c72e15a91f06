package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// before measures an older binary beside the one of today, in turns: what the
// changes between them cost the main job. It needs -before.
func (b *bench) compareBefore(ctx context.Context) error {
	if b.older == "" {
		return nil
	}
	var binaries []*candidate
	for _, name := range []string{"before", "now"} { // no actions: the older one may not know them
		for _, r := range []string{"r1", "r2"} {
			if err := writeTenant(filepath.Join(b.dir, name), r, rules[r], "{}", b.web.addr); err != nil {
				return err
			}
		}
		c, err := b.startBinary(ctx, map[string]string{"before": b.older, "now": b.binary}[name], name)
		if err != nil {
			return err
		}
		defer c.close()
		c.name = name
		binaries = append(binaries, c)
	}
	if err := b.beforeLatency(ctx, binaries); err != nil {
		return err
	}
	return b.beforeWorkers(ctx)
}

func (b *bench) beforeLatency(ctx context.Context, binaries []*candidate) error {
	list := []*subject{{c: b.own}}
	for _, r := range []string{"r1", "r2"} {
		for _, c := range binaries {
			if err := c.verify(ctx, r, claim[r], b.payload); err != nil {
				return err
			}
			list = append(list, &subject{c: c, rules: r})
		}
	}
	for round := range 2*b.rounds() + 1 { // short turns: what else the machine does falls on all
		for _, s := range list {
			all, err := s.c.sample(ctx, s.rules, b.payload, b.turn()/3)
			if err != nil {
				return err
			}
			if round > 0 {
				s.all = append(s.all, all...)
				s.medians = append(s.medians, float64(percentile(all, 50)))
			}
		}
	}
	alone := make([][]time.Duration, len(list))
	for i, s := range list {
		alone[i], s.all = s.all, nil
	}
	if err := b.floodAll(ctx, list, 32); err != nil {
		return err
	}
	table("An older binary and the one of today", "what", "p50 µs", "p99 µs", "p50 / echo", "p50 / before, median of rounds", "logins/s, 32 in flight", "of before")
	for i, s := range list {
		other := list[0]
		if i > 0 {
			other = list[(i-1)/2*2+1]
		}
		ratios := make([]float64, len(s.medians))
		for j := range ratios {
			ratios[j] = s.medians[j] / other.medians[j]
		}
		row(s.name(), us(percentile(alone[i], 50)), us(percentile(alone[i], 99)), ratio(percentile(alone[i], 50), percentile(alone[0], 50)),
			fmt.Sprintf("%.2f", median(ratios)), fmt.Sprintf("%.0f", median(s.rates)), fmt.Sprintf("%.2f", median(s.rates)/median(other.rates)))
	}
	return nil
}

// beforeWorkers measures blank workers, of which each binary keeps 8, and then
// the same 8 when each has served one tenant's first login.
func (b *bench) beforeWorkers(ctx context.Context) error {
	const n = 8
	type figures struct{ cpu, blank, private, warm, first []float64 }
	got := map[string]*figures{"before": {}, "now": {}}
	for range max(b.rounds()/2, 1) {
		for _, name := range []string{"before", "now"} {
			dir := "blank-" + name
			for i := range n {
				if err := writeTenant(filepath.Join(b.dir, dir), fmt.Sprintf("t%d", i), rules["r1"], "{}", b.web.addr); err != nil {
					return err
				}
			}
			c, err := b.startBinary(ctx, map[string]string{"before": b.older, "now": b.binary}[name], dir, "--warm", fmt.Sprint(n), "--max-workers", fmt.Sprint(n))
			if err != nil {
				return err
			}
			f := got[name]
			pids := settled(c, n)
			f.cpu = append(f.cpu, cpu(pids...).Seconds()*1000/float64(len(pids)))
			f.blank = append(f.blank, float64(pss(pids...))/float64(len(pids)))
			f.private = append(f.private, float64(smaps("Private_Dirty:", pids...))/float64(len(pids)))
			for i := range n {
				took, err := c.ask(ctx, fmt.Sprintf("t%d", i), b.payload)
				if err != nil {
					return err
				}
				f.first = append(f.first, took.Seconds()*1000)
			}
			pids = settled(c, n)
			f.warm = append(f.warm, float64(pss(pids...))/float64(len(pids)))
			c.close()
		}
	}
	table("Workers of an older binary and of the one of today", "what", "before", "now", "ratio")
	for _, line := range []struct {
		name string
		of   func(*figures) []float64
	}{
		{"processor time of a worker's start, ms", func(f *figures) []float64 { return f.cpu }},
		{"blank worker, KiB (PSS, of 8)", func(f *figures) []float64 { return f.blank }},
		{"blank worker, KiB (private and written)", func(f *figures) []float64 { return f.private }},
		{"warm tenant, KiB (PSS, of 8)", func(f *figures) []float64 { return f.warm }},
		{"first login, ms", func(f *figures) []float64 { return f.first }},
	} {
		old, now := median(line.of(got["before"])), median(line.of(got["now"]))
		row(line.name, fmt.Sprintf("%.1f", old), fmt.Sprintf("%.1f", now), fmt.Sprintf("%.2f", now/old))
	}
	return nil
}

// settled waits until the server has n workers that do nothing, and returns them.
func settled(c *candidate, n int) (pids []int) {
	for last, end := time.Duration(-1), time.Now().Add(20*time.Second); time.Now().Before(end); {
		pids = workers(c)
		now := cpu(pids...)
		if len(pids) >= n && now == last {
			break
		}
		last = now
		time.Sleep(300 * time.Millisecond)
	}
	slices.Sort(pids)
	return pids
}

// cpu is the processor time that the processes have had.
func cpu(pids ...int) (total time.Duration) {
	for _, pid := range pids {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, t := range tasks {
			text, _ := os.ReadFile(t)
			if fields := strings.Fields(string(text)); len(fields) > 0 {
				ns, _ := strconv.ParseInt(fields[0], 10, 64)
				total += time.Duration(ns)
			}
		}
	}
	return total
}
