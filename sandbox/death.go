package sandbox

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// cause is why a worker ended.
type cause int

const (
	byItself   cause = iota // and nothing tells why
	byDeadline              // the node killed it: an invocation was not done in time
	byStuck                 // the node killed it: it took no more bytes
	byProtocol              // the node killed it: it broke the protocol
	byClose                 // the node killed it: the pool ends
	byEvict                 // the node killed it: another tenant needed the place
	byRetire                // the node killed it: idle, or free of its last work
	byWatchdog              // the watchdog inside
	byMemory                // the memory limit outside
	byStack                 // Go's stack limit
	byPanic                 // a Go panic or fatal error
	bySyscall               // the system call filter
	causes
)

var causeNames = [causes]string{"itself", "deadline", "stuck", "protocol", "close", "evict", "retire", "watchdog", "memory", "stack", "panic", "syscall"}

// death is the end of a worker and whom to blame.
type death struct {
	cause  cause
	detail error  // for the log
	state  string // of the process, for the log
	seq    uint64 // on the processor at the end, 0 for nothing
	script int    // of that invocation, -1 if unknown
	// late is the call whose time was up, for byDeadline.
	late *call
	// culprit is the invocation seq, nil if unknown.
	culprit *call
}

// attribute finds out why a process died that the node did not kill.
func (d *death) attribute(state *os.ProcessState, stderr string, g *memoryGroup) {
	d.state = state.String()
	if d.cause == byProtocol {
		return
	}
	ws, ok := state.Sys().(syscall.WaitStatus)
	if !ok {
		return
	}
	has := func(s string) bool { return strings.Contains(stderr, s) }
	switch {
	case ws.Signaled() && ws.Signal() == unix.SIGSYS:
		d.cause = bySyscall
	case ws.Signaled() && ws.Signal() == unix.SIGKILL && g.oom():
		d.cause = byMemory
	case ws.Exited() && ws.ExitStatus() == wire.ExitMemory && has(wire.MemoryMark):
		d.cause = byWatchdog
	case has("goroutine stack exceeds"), has("stack overflow"):
		d.cause = byStack
	case has("out of memory"), has("cannot allocate memory"), has("failed to create new OS thread"):
		d.cause = byMemory
	case has("SIGSEGV") && has("addr=0x0\n") && has("goroutine 0 "):
		// Go's collector does not look whether it got the memory it asked for.
		d.cause = byMemory
	case has("panic:"), has("fatal error:"), has("SIGSEGV"):
		d.cause = byPanic
	}
}

// costsALife tells whether the script to blame is to run alone from now on.
func (d *death) costsALife() bool {
	switch d.cause {
	case byDeadline, byStuck, byWatchdog, byMemory, byStack, byPanic, bySyscall, byItself, byProtocol:
		return true
	}
	return false
}

// scriptToBlame is the script that was on the processor, and its tenant; nil if
// unknown.
func (d *death) scriptToBlame() (s *rulebox.Script, tenant string) {
	c, i := d.culprit, d.script
	if c == nil && d.late != nil {
		c, i = d.late, -1
	}
	switch {
	case c == nil:
		return nil, ""
	case i >= 0 && i < len(c.chain.Scripts):
		return c.chain.Scripts[i], c.chain.Tenant
	case len(c.chain.Scripts) == 1:
		return c.chain.Scripts[0], c.chain.Tenant
	}
	return nil, ""
}

// verdict is the answer to the call, which was in flight when the worker ended.
// One that never was on the processor starts over in another worker, once. That
// is the worker's word; a worker that lies has scripts of its own tenant run twice.
func (d *death) verdict(w *worker, c *call) outcome {
	if c != d.culprit && c != d.late && d.cause != byProtocol && !w.page.Started(c.seq) {
		return outcome{again: true}
	}
	e := d.charge(w, c)
	if d.culprit != nil && d.culprit != c && c != d.late {
		e = d.collateral(e)
	}
	return outcome{res: &rulebox.Result{}, err: e}
}

// charge is the error for the one to blame.
func (d *death) charge(w *worker, c *call) *rulebox.Error {
	who, name := "the scripts", ""
	if s, _ := d.scriptToBlame(); s != nil {
		name = s.Name
		who = fmt.Sprintf("%s %q", (&call{chain: &rulebox.Chain{Scripts: []*rulebox.Script{s}}}).kind(0), name)
	}
	var e *rulebox.Error
	switch d.cause {
	case byDeadline:
		switch {
		case c == d.culprit:
			return c.timeout(d.script)
		case c != d.late && d.culprit != nil:
			return d.culprit.timeout(d.script)
		case c != d.late && d.late != nil:
			return d.late.timeout(-1)
		}
		return c.timeout(-1)
	case byWatchdog, byMemory:
		e = rulebox.Errorf(rulebox.CodeMemory, "%s went over the memory limit of %d MiB", who, w.memory>>20).
			WithHint("hold less at a time, or raise limits.memory (--memory)")
	case byStack:
		e = rulebox.Errorf(rulebox.CodeMemory, "%s went over the stack limit: too deep a recursion or nesting", who).
			WithHint("make it iterative; the stack limit is fixed")
	case bySyscall:
		e = rulebox.Errorf(rulebox.CodeForbidden, "%s made its worker use a system call that the jail forbids", who).
			WithHint("this is no setting: please report the script, it found a fault in Rulebox or attacks it")
	case byProtocol:
		e = rulebox.Errorf(rulebox.CodeInternal, "the worker of %s answered nonsense and was ended", who)
	case byStuck:
		e = rulebox.Errorf(rulebox.CodeTimeout, "%s kept the processor until the time of another login was over", who).
			WithHint("long computations hold up the tenant's other logins")
	case byPanic:
		e = rulebox.Errorf(rulebox.CodeInternal, "the engine crashed while running %s", who).
			WithHint("please report the script: a crash is a fault of Rulebox")
	case byClose:
		e = rulebox.Errorf(rulebox.CodeInternal, "the node was stopped while %s ran", who)
	default:
		e = rulebox.Errorf(rulebox.CodeInternal, "the worker of %s ended unexpectedly", who)
	}
	e.Script = name
	if d.detail != nil {
		e.Cause = d.detail
	}
	return e
}

// collateral is the error for those who only shared the worker.
func (d *death) collateral(e *rulebox.Error) *rulebox.Error {
	e.Message = "another login's script ended the worker that this login ran in: " + e.Message
	e.Hint = "this login had started, so that it was not tried again; the script to blame runs alone from now on"
	return e
}

func logError(err error) zap.Field { return zap.Error(err) }

// logDeath writes one line about a worker that ended for other than ordinary
// reasons. What a worker wrote is not logged as it is: it may hold guest data.
func (w *worker) logDeath(d *death, stderr string) {
	switch d.cause {
	case byClose, byEvict, byRetire:
		return
	}
	fields := []zap.Field{zap.String("cause", causeNames[d.cause])}
	if d.culprit != nil {
		fields = append(fields, zap.String("tenant", d.culprit.chain.Tenant), zap.String("invocation", d.culprit.id))
	} else if w.group != nil {
		fields = append(fields, zap.String("tenant", w.group.key.tenant))
	}
	if s, _ := d.scriptToBlame(); s != nil {
		fields = append(fields, zap.String("script", s.Name), zap.String("digest", string(s.Digest)))
	}
	if d.state != "" {
		fields = append(fields, zap.String("state", d.state))
	}
	if d.detail != nil {
		fields = append(fields, zap.Error(d.detail))
	}
	if line := runtimeLine(stderr); line != "" {
		fields = append(fields, zap.String("runtime", line))
	}
	w.pool.log.Warn("a worker ended", fields...)
}

// runtimeLine is the first line of what Go's runtime wrote, without the value of
// a panic.
func runtimeLine(stderr string) string {
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		for _, p := range []string{"fatal error: ", "runtime: ", "panic: runtime error: ", "rulebox: "} {
			if strings.HasPrefix(line, p) {
				return line[:min(len(line), 200)]
			}
		}
		if strings.HasPrefix(line, "panic: ") {
			return "panic"
		}
	}
	return ""
}
