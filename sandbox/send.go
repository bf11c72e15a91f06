package sandbox

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonscan"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// maxWorkerCode bounds the native code that one worker is told in its life, in bytes,
// unless one chain needs more: versions of scripts come and go. Beyond, the worker
// is replaced when it is free.
const maxWorkerCode = 96 << 20

// maxChains bounds the chains that one worker knows at a time.
const maxChains = 64

// table is what a worker was told already: chains by address, scripts by digest
// with the number of chains that name them. The worker keeps the same table.
type table struct {
	chains  map[*rulebox.Chain]*told
	scripts map[rulebox.Digest]int
	// sizes are of native code, by script, and code is their sum, in bytes, over the
	// worker's life: it keeps what it has. room is how much it may be.
	sizes map[rulebox.Digest]int
	code  int
	room  int
	next  uint64
	clock uint64
}

type told struct {
	id, used uint64
}

func newTable() table {
	return table{chains: map[*rulebox.Chain]*told{}, scripts: map[rulebox.Digest]int{}, sizes: map[rulebox.Digest]int{}, room: maxWorkerCode}
}

// took notes native code that the worker is told.
func (t *table) took(d rulebox.Digest, size int) {
	t.sizes[d] = size
	t.code += size
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// send writes the invocation, preceded by what the worker does not know yet. An
// *rulebox.Error is final; any other error means that it was not started.
func (w *worker) send(ctx context.Context, c *call) error {
	if err := w.lock(ctx, c); err != nil {
		return err
	}
	defer func() {
		full := w.table.code > w.table.room
		<-w.writing
		if full {
			w.pool.retireSoon(w)
		}
	}()
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= 256<<10 {
			buffers.Put(buf)
		}
	}()
	b := (*buf)[:0]
	if !w.ours {
		b = w.lease(b)
	}
	b, id, err := w.tell(b, c)
	*buf = b
	if err != nil {
		return err
	}
	if err := w.register(c); err != nil {
		return err
	}
	c.sent = time.Now()
	at := len(b)
	b = (&wire.Invoke{Seq: c.seq, Chain: id, ID: c.inv.ID, Remaining: c.deadline.Sub(c.sent), Now: c.inv.Now, Args: c.inv.Args,
		Resume: c.inv.Resume, Cache: c.inv.Cache}).Append(b)
	*buf = b
	if n := len(b) - at; n > wire.MaxFrame {
		w.unregister(c)
		b = b[:at]
		if at > 0 {
			w.conn.Write(b)
		}
		return rulebox.Errorf(rulebox.CodeInvalid, "the arguments are %d bytes of JSON text; at most %d can be sent to a worker", n, wire.MaxFrame)
	}
	w.conn.SetWriteDeadline(c.deadline.Add(w.pool.opt.Grace))
	if _, err := w.conn.Write(b); err != nil {
		// A frame that was cut short is the end of the worker, but this
		// invocation was never whole in its hands.
		if !w.abandon(c) {
			return nil // someone else ended the worker and answered this one
		}
		d := &death{cause: byStuck, detail: err}
		d.seq, d.script, _ = w.page.Get()
		w.unregister(c)
		w.kill(d)
		return fmt.Errorf("%w: %w", errNotStarted, err)
	}
	return nil
}

// register puts the call in flight, unless the worker is dead.
func (w *worker) register(c *call) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	slot := slices.Index(w.slots[:], false)
	if w.death != nil || slot < 0 {
		return errNotStarted
	}
	w.slots[slot] = true
	c.seq = wire.Seq(w.pool.seq.Add(1), slot)
	w.calls[c.seq] = c
	return nil
}

func (w *worker) unregister(c *call) {
	w.mu.Lock()
	delete(w.calls, c.seq)
	w.slots[wire.SlotOf(c.seq)] = false
	c.abandoned = false
	w.mu.Unlock()
}

// tell appends what the worker must know of the chain, and returns its id.
func (w *worker) tell(b []byte, c *call) ([]byte, uint64, error) {
	t := &w.table
	t.clock++
	if known := t.chains[c.chain]; known != nil {
		known.used = t.clock
		return b, known.id, nil
	}
	rules, err := parseEgress(c.chain.Egress)
	if err != nil {
		return b, 0, rulebox.Errorf(rulebox.CodeInvalid, "egress list of tenant %q: %v", c.chain.Tenant, err)
	}
	start := len(b)
	for s := range wire.Scripts(c.chain) {
		if t.scripts[s.Digest] == 0 {
			at := len(b)
			b = wire.AppendScript(b, s)
			if len(b)-at > wire.MaxFrame {
				t.untell(c.chain, s)
				return b[:start], 0, rulebox.Errorf(rulebox.CodeInvalid, "script %q is %d bytes; at most %d can be sent to a worker", s.Name, len(s.Source), wire.MaxFrame)
			}
			if isWASM(s) {
				code, err := w.pool.load(s)
				if err != nil {
					t.untell(c.chain, s)
					return b[:start], 0, err
				}
				t.took(s.Digest, len(code))
				b = wire.AppendCode(b, s.Digest, sha256.Sum256(code), code)
			}
		}
		t.scripts[s.Digest]++
	}
	at := len(b)
	b = wire.AppendChain(b, t.next+1, c.chain)
	if len(b)-at > wire.MaxFrame {
		t.untell(c.chain, nil)
		return b[:start], 0, rulebox.Errorf(rulebox.CodeInvalid, "the settings of the chain (configuration, secrets) are %d bytes; at most %d can be sent to a worker", len(b)-at, wire.MaxFrame)
	}
	all := 0
	for _, s := range c.chain.Scripts {
		all += t.sizes[s.Digest]
	}
	t.room = max(t.room, 2*all) // a worker must hold what one login needs
	t.next++
	if len(t.chains) >= maxChains {
		b = w.forgetOldest(b)
	}
	t.chains[c.chain] = &told{id: t.next, used: t.clock}
	w.rd.SetMax(max(w.rd.Max(), c.limits.Output+rulebox.MaxLogBytes+answerOverhead))
	w.mu.Lock()
	w.egress[t.next] = rules
	w.mu.Unlock()
	return b, t.next, nil
}

// forgetOldest makes room for a chain. The worker drops scripts that no chain
// names any more, and so does the table.
func (w *worker) forgetOldest(b []byte) []byte {
	t := &w.table
	var old *rulebox.Chain
	for c, k := range t.chains {
		if old == nil || k.used < t.chains[old].used {
			old = c
		}
	}
	id := t.chains[old].id
	delete(t.chains, old)
	t.untell(old, nil)
	w.mu.Lock()
	delete(w.egress, id)
	w.mu.Unlock()
	return wire.AppendID(b, wire.KindForget, id)
}

// untell takes back that the chain names its scripts, up to the one that is end.
func (t *table) untell(c *rulebox.Chain, end *rulebox.Script) {
	for s := range wire.Scripts(c) {
		if s == end {
			return
		}
		if t.scripts[s.Digest]--; t.scripts[s.Digest] <= 0 {
			delete(t.scripts, s.Digest)
		}
	}
}

// Bounds of an answer, beyond those of the chain.
const (
	maxValues = 32
	maxLogs   = 32 << 10
	// answerOverhead is what an answer may have beyond its values and log texts:
	// an error with its trace, names, numbers. In bytes.
	answerOverhead = 1 << 20
)

// answer decodes a worker's answer and holds it to the limits. An error means
// that the worker broke the protocol.
func (c *call) answer(body []byte) (outcome, error) {
	_, res, e, err := wire.DecodeResult(body)
	if err != nil {
		return outcome{}, err
	}
	if e == nil && res == nil {
		return outcome{}, fmt.Errorf("%w: an answer with nothing in it", wire.ErrFrame)
	}
	if res == nil {
		return outcome{err: e}, nil
	}
	values, logs := 0, 0
	for i, v := range res.Values {
		values += len(v)
		if err := jsonscan.Valid(v); err != nil {
			return outcome{}, fmt.Errorf("%w: value %d is not JSON: %w", wire.ErrFrame, i, err)
		}
	}
	for i := range res.Logs {
		logs += len(res.Logs[i].Text)
	}
	commands, err := c.commands(res, e)
	if err != nil {
		return outcome{}, err
	}
	switch {
	case len(res.Values) > maxValues || values+commands > c.limits.Output+8<<10:
		err = fmt.Errorf("%w: %d values of %d bytes, %d commands of %d bytes", wire.ErrFrame, len(res.Values), values, len(res.Commands), commands)
	case len(res.Logs) > maxLogs || logs > rulebox.MaxLogBytes+8<<10:
		err = fmt.Errorf("%w: %d log lines of %d bytes", wire.ErrFrame, len(res.Logs), logs)
	case len(res.Scripts) > len(c.chain.Scripts):
		err = fmt.Errorf("%w: usage of %d scripts", wire.ErrFrame, len(res.Scripts))
	case e != nil && res.Values != nil:
		res.Values = nil
	}
	return outcome{res: res, err: e}, err
}

// commandCost is what a command counts beside its text, in bytes.
const commandCost = 16

// commands holds what actions asked for to the form that commands have, and
// returns what they count against the limit of output. What they mean is for the
// transaction to judge.
func (c *call) commands(res *rulebox.Result, e *rulebox.Error) (size int, err error) {
	for i, text := range res.Commands {
		size += len(text) + commandCost
		if err := jsonscan.Valid(text); err != nil {
			return 0, fmt.Errorf("%w: command %d is not JSON: %w", wire.ErrFrame, i, err)
		}
		if !isCommand(rulebox.CommandName(text)) {
			return 0, fmt.Errorf("%w: command %d does not begin with a name", wire.ErrFrame, i)
		}
	}
	n := res.Suspended
	if n > 0 && (e != nil || n > len(c.chain.Scripts) || c.chain.Scripts[n-1].Kind != rulebox.KindAction) {
		return 0, fmt.Errorf("%w: suspended after script %d", wire.ErrFrame, n)
	}
	return size, nil
}

// isCommand reports whether the name has the form of a method's: words with dots
// between.
func isCommand(name string) bool {
	dots := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z':
		case c == '.' && i > 0 && i < len(name)-1 && name[i-1] != '.':
			dots++
		default:
			return false
		}
	}
	return dots > 0 && len(name) <= 64
}
