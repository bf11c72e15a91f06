package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ask sends one login and returns its time. What comes back must be an allowed
// login with a claim, or the payload itself from the echo.
func (c *candidate) ask(ctx context.Context, rules string, payload []byte) (time.Duration, error) {
	begin := time.Now()
	m, err := c.conn.RequestWithContext(ctx, c.subject(rules), payload)
	took := time.Since(begin)
	if err != nil {
		return took, fmt.Errorf("%s, %s: %w", c.name, rules, err)
	}
	if len(m.Data) < len(payload)/2 {
		return took, fmt.Errorf("%s, %s: %.300s", c.name, rules, m.Data)
	}
	return took, nil
}

// verify checks that the candidate's answer is that of the rules.
func (c *candidate) verify(ctx context.Context, rules, claim string, payload []byte) error {
	m, err := c.conn.RequestWithContext(ctx, c.subject(rules), payload)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", c.name, rules, err)
	}
	var out struct {
		Context struct {
			IDToken map[string]any `json:"idToken"`
		} `json:"context"`
	}
	if err := json.Unmarshal(m.Data, &out); err != nil {
		return err
	}
	if _, ok := out.Context.IDToken[claim]; !ok {
		return fmt.Errorf("%s, %s: no claim %s in %.400s", c.name, rules, claim, m.Data)
	}
	return nil
}

// sample asks one after the other for the time and returns each one's time.
func (c *candidate) sample(ctx context.Context, rules string, payload []byte, d time.Duration) ([]time.Duration, error) {
	var all []time.Duration
	for end := time.Now().Add(d); time.Now().Before(end); {
		took, err := c.ask(ctx, rules, payload)
		if err != nil {
			return nil, err
		}
		all = append(all, took)
	}
	return all, nil
}

// flood keeps n logins in flight for the time; it returns the rate and times.
func (c *candidate) flood(ctx context.Context, rules string, payload []byte, n int, d time.Duration) (float64, []time.Duration, error) {
	return flood(ctx, func(ctx context.Context) error {
		_, err := c.ask(ctx, rules, payload)
		return err
	}, n, d)
}

func flood(ctx context.Context, ask func(context.Context) error, n int, d time.Duration) (float64, []time.Duration, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		all   []time.Duration
		fail  error
		count atomic.Int64
	)
	begin := time.Now()
	end := begin.Add(d)
	for range n {
		wg.Go(func() {
			var mine []time.Duration
			for time.Now().Before(end) {
				start := time.Now()
				if err := ask(ctx); err != nil {
					mu.Lock()
					fail = err
					mu.Unlock()
					return
				}
				mine = append(mine, time.Since(start))
				count.Add(1)
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	return float64(count.Load()) / time.Since(begin).Seconds(), all, fail
}

// steady sends logins at a rate whatever becomes of them, and returns the times.
func (c *candidate) steady(ctx context.Context, rules string, payload []byte, perSecond int, d time.Duration) ([]time.Duration, error) {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		all  []time.Duration
		fail error
	)
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); {
		<-tick.C
		wg.Go(func() {
			took, err := c.ask(ctx, rules, payload)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				fail = err
			}
			all = append(all, took)
		})
	}
	wg.Wait()
	return all, fail
}

func percentile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(float64(len(all))*p/100))]
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func us(d time.Duration) string { return fmt.Sprintf("%d", d.Microseconds()) }
func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

func ratio(a, b time.Duration) string {
	if b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

// row prints one row of a Markdown table.
func row(cells ...string) {
	fmt.Print("|")
	for _, c := range cells {
		fmt.Print(" ", c, " |")
	}
	fmt.Println()
}

func table(title string, head ...string) {
	fmt.Printf("\n### %s\n\n", title)
	row(head...)
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "---"
	}
	row(rule...)
}
