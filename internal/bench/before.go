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

// A build is a binary to compare.
type build struct {
	name, binary string
	c            *candidate

	// Figures of its workers, one of each round.
	cpu, blank, private, warm, first []float64
}

// compareBefore measures older binaries beside the one of today, in turns: what the
// changes between them cost the main job. It needs -before.
func (b *bench) compareBefore(ctx context.Context) error {
	if b.older == "" {
		return nil
	}
	var builds []*build
	for _, file := range append(strings.Split(b.older, ","), b.binary) {
		d := &build{name: filepath.Base(file), binary: file}
		dir := fmt.Sprintf("build-%d", len(builds))
		for _, r := range []string{"r1", "r2"} { // no actions: an older one may not know them
			if err := writeTenant(b.path(dir), r, rules[r], "{}", b.web.addr); err != nil {
				return err
			}
		}
		c, err := b.startBinary(ctx, file, dir)
		if err != nil {
			return err
		}
		defer c.close()
		c.name, d.c = d.name, c
		builds = append(builds, d)
	}
	if err := b.beforeLatency(ctx, builds); err != nil {
		return err
	}
	return b.beforeWorkers(ctx, builds)
}

func (b *bench) beforeLatency(ctx context.Context, builds []*build) error {
	list := []*subject{{c: b.own}}
	for _, r := range []string{"r1", "r2"} {
		for _, d := range builds {
			if err := d.c.verify(ctx, r, claim[r], b.payload); err != nil {
				return err
			}
			list = append(list, &subject{c: d.c, rules: r})
		}
	}
	for round := range 2*b.rounds() + 1 { // short turns: what else the machine does falls on all
		for _, s := range list {
			node, jailed := spent(s.c)
			all, err := s.c.sample(ctx, s.rules, b.payload, b.turn()/3)
			if err != nil {
				return err
			}
			if round > 0 {
				nodeNow, jailedNow := spent(s.c)
				s.node = append(s.node, float64(nodeNow-node)/1000/float64(len(all)))
				s.jailed = append(s.jailed, float64(jailedNow-jailed)/1000/float64(len(all)))
				s.all = append(s.all, all...)
				s.medians = append(s.medians, float64(percentile(all, 50)))
			}
		}
	}
	alone := make([][]time.Duration, len(list))
	for i, s := range list {
		alone[i], s.all = s.all, nil
	}
	single := make([][2]float64, len(list))
	for i, s := range list {
		single[i] = [2]float64{median(s.node), median(s.jailed)}
		s.node, s.jailed = nil, nil
	}
	for round := range b.rounds() + 1 {
		for _, s := range list {
			node, jailed := spent(s.c)
			rate, all, err := s.c.flood(ctx, s.rules, b.payload, 32, b.turn()/2)
			if err != nil {
				return err
			}
			if round > 0 {
				nodeNow, jailedNow := spent(s.c)
				s.rates = append(s.rates, rate)
				s.node = append(s.node, float64(nodeNow-node)/1000/float64(len(all)))
				s.jailed = append(s.jailed, float64(jailedNow-jailed)/1000/float64(len(all)))
			}
		}
	}
	table("Older binaries and the one of today, the oldest first", "what", "p50 µs", "p99 µs", "p50 / echo", "p50 / first, median of rounds", "processor time of a login, µs: node + worker", "logins/s, 32 in flight", "of the first", "processor time, µs")
	for i, s := range list {
		other := list[0]
		if i > 0 {
			other = list[(i-1)/len(builds)*len(builds)+1]
		}
		ratios := make([]float64, len(s.medians))
		for j := range ratios {
			ratios[j] = s.medians[j] / other.medians[j]
		}
		row(s.name(), us(percentile(alone[i], 50)), us(percentile(alone[i], 99)), ratio(percentile(alone[i], 50), percentile(alone[0], 50)),
			fmt.Sprintf("%.2f", median(ratios)), fmt.Sprintf("%.0f + %.0f", single[i][0], single[i][1]), fmt.Sprintf("%.0f", median(s.rates)), fmt.Sprintf("%.2f", median(s.rates)/median(other.rates)),
			fmt.Sprintf("%.0f + %.0f", median(s.node), median(s.jailed)))
	}
	return nil
}

// beforeWorkers measures blank workers, of which each binary keeps 8, and then
// the same 8 when each has served one tenant's first login.
func (b *bench) beforeWorkers(ctx context.Context, builds []*build) error {
	for range max(b.rounds()/2, 1) {
		for i, d := range builds {
			if err := b.workersOf(ctx, fmt.Sprintf("blank-%d", i), d); err != nil {
				return err
			}
		}
	}
	head := []string{"what"}
	for i, d := range builds {
		head = append(head, d.name)
		if i > 0 {
			head = append(head, "/ "+builds[0].name)
		}
	}
	table("Workers of these binaries", head...)
	for _, line := range []struct {
		name string
		of   func(*build) []float64
	}{
		{"processor time of a worker's start, ms", func(d *build) []float64 { return d.cpu }},
		{"blank worker, KiB (PSS, of 8)", func(d *build) []float64 { return d.blank }},
		{"blank worker, KiB (private and written)", func(d *build) []float64 { return d.private }},
		{"warm tenant, KiB (PSS, of 8)", func(d *build) []float64 { return d.warm }},
		{"first login, ms", func(d *build) []float64 { return d.first }},
	} {
		cells := []string{line.name}
		for i, d := range builds {
			now := median(line.of(d))
			cells = append(cells, fmt.Sprintf("%.1f", now))
			if i > 0 {
				cells = append(cells, fmt.Sprintf("%.2f", now/median(line.of(builds[0]))))
			}
		}
		row(cells...)
	}
	return nil
}

func (b *bench) workersOf(ctx context.Context, dir string, d *build) error {
	const n = 8
	for i := range n {
		if err := writeTenant(b.path(dir), fmt.Sprintf("t%d", i), rules["r1"], "{}", b.web.addr); err != nil {
			return err
		}
	}
	c, err := b.startBinary(ctx, d.binary, dir, "--warm", fmt.Sprint(n), "--max-workers", fmt.Sprint(n))
	if err != nil {
		return err
	}
	defer c.close()
	pids := settled(c, n)
	mean := func(kib int64) float64 { return float64(kib) / float64(len(pids)) }
	d.cpu = append(d.cpu, cpu(pids...).Seconds()*1000/float64(len(pids)))
	d.blank = append(d.blank, mean(pss(pids...)))
	d.private = append(d.private, mean(smaps("Private_Dirty:", pids...)))
	for i := range n {
		took, err := c.ask(ctx, fmt.Sprintf("t%d", i), b.payload)
		if err != nil {
			return err
		}
		d.first = append(d.first, took.Seconds()*1000)
	}
	pids = settled(c, n)
	d.warm = append(d.warm, mean(pss(pids...)))
	return nil
}

// spent is the processor time that the server and its workers have had.
func spent(c *candidate) (node, jailed time.Duration) {
	return cpu(c.cmd.Process.Pid), cpu(workers(c)...)
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
