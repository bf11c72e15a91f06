package sandbox

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

// An abuse is a worker that was taken over: what it does with an invocation.
type abuse struct {
	name string
	do   func(v *villain, inv *wire.Invoke)
	code rulebox.Code
	// death is the cause that the pool counts.
	death cause
}

// A villain is the compromised worker's end.
type villain struct {
	conn, dials net.Conn
	page        *wire.Page
}

func (v *villain) result(seq uint64, r *rulebox.Result, e *rulebox.Error) {
	v.conn.Write(wire.AppendResult(nil, seq, r, e))
}

var fine = &rulebox.Result{Values: []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`)}}

// sleep is for ever. An empty select would be a deadlock, which Go reports.
func sleep() { time.Sleep(time.Hour) }

func hang(*villain, *wire.Invoke) { sleep() }

var abuses = []abuse{
	{"garbage", func(v *villain, _ *wire.Invoke) {
		v.conn.Write(bytes.Repeat([]byte("\x07\x00\x00\x00\x0agarbage"), 100))
	}, rulebox.CodeInternal, byProtocol},
	{"huge length", func(v *villain, _ *wire.Invoke) { v.conn.Write([]byte{0xff, 0xff, 0xff, 0xff, 10}) }, rulebox.CodeInternal, byProtocol},
	{"zero length", func(v *villain, _ *wire.Invoke) { v.conn.Write([]byte{0, 0, 0, 0, 10}) }, rulebox.CodeInternal, byProtocol},
	{"promised bytes that never come", func(v *villain, _ *wire.Invoke) {
		v.conn.Write(append(binary.LittleEndian.AppendUint32(nil, 1<<20), byte(wire.KindResult)))
		sleep()
	}, rulebox.CodeTimeout, byDeadline},
	{"someone else's number", func(v *villain, inv *wire.Invoke) { v.result(inv.Seq+1, fine, nil) }, rulebox.CodeInternal, byProtocol},
	{"number of an older login", func(v *villain, inv *wire.Invoke) { v.result(inv.Seq-1, fine, nil) }, rulebox.CodeInternal, byProtocol},
	{"a frame of the node's", func(v *villain, inv *wire.Invoke) { v.conn.Write(wire.AppendID(nil, wire.KindForget, 1)) }, rulebox.CodeInternal, byProtocol},
	{"a second ready", func(v *villain, inv *wire.Invoke) { v.conn.Write((&wire.Ready{Version: wire.Version}).Append(nil)) }, rulebox.CodeInternal, byProtocol},
	{"no JSON", func(v *villain, inv *wire.Invoke) {
		v.result(inv.Seq, &rulebox.Result{Values: []json.RawMessage{json.RawMessage(`{"a":1}{`)}}, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"an empty value", func(v *villain, inv *wire.Invoke) {
		v.result(inv.Seq, &rulebox.Result{Values: []json.RawMessage{nil}}, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"too much output", func(v *villain, inv *wire.Invoke) {
		v.result(inv.Seq, &rulebox.Result{Values: []json.RawMessage{json.RawMessage(`"` + strings.Repeat("x", 1<<20+9<<10) + `"`)}}, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"too many values", func(v *villain, inv *wire.Invoke) {
		r := &rulebox.Result{}
		for range maxValues + 1 {
			r.Values = append(r.Values, json.RawMessage(`0`))
		}
		v.result(inv.Seq, r, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"too many logs", func(v *villain, inv *wire.Invoke) {
		v.result(inv.Seq, &rulebox.Result{Logs: make([]rulebox.Log, maxLogs+1)}, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"too long logs", func(v *villain, inv *wire.Invoke) {
		v.result(inv.Seq, &rulebox.Result{Logs: []rulebox.Log{{Text: strings.Repeat("x", rulebox.MaxLogBytes+9<<10)}}}, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"usage of scripts that are not there", func(v *villain, inv *wire.Invoke) {
		v.result(inv.Seq, &rulebox.Result{Scripts: make([]rulebox.ScriptUsage, 9)}, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"too many commands", func(v *villain, inv *wire.Invoke) {
		r := &rulebox.Result{}
		for range 60_000 {
			r.Commands = append(r.Commands, json.RawMessage(`["a.b"]`))
		}
		v.result(inv.Seq, r, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"commands and values together too long", func(v *villain, inv *wire.Invoke) {
		half := strings.Repeat("x", 1<<19+5<<10)
		v.result(inv.Seq, &rulebox.Result{Values: []json.RawMessage{json.RawMessage(`"` + half + `"`)}, Commands: []json.RawMessage{json.RawMessage(`["a.b","` + half + `"]`)}}, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"a command that is not JSON", func(v *villain, inv *wire.Invoke) {
		v.result(inv.Seq, &rulebox.Result{Commands: []json.RawMessage{json.RawMessage(`["a.b"],["c.d"]`)}}, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"a command without a name", func(v *villain, inv *wire.Invoke) {
		v.result(inv.Seq, &rulebox.Result{Commands: []json.RawMessage{json.RawMessage(`["access deny\u0000","x"]`)}}, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"a rule that suspends", func(v *villain, inv *wire.Invoke) {
		v.result(inv.Seq, &rulebox.Result{Suspended: 1, Commands: []json.RawMessage{json.RawMessage(`["prompt.render","x"]`)}}, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"suspended after a script that is not there", func(v *villain, inv *wire.Invoke) {
		v.result(inv.Seq, &rulebox.Result{Suspended: 9}, nil)
	}, rulebox.CodeInternal, byProtocol},
	{"a code of its own", func(v *villain, inv *wire.Invoke) { v.result(inv.Seq, nil, &rulebox.Error{Code: "root"}) }, rulebox.CodeInternal, byProtocol},
	{"nothing in it", func(v *villain, inv *wire.Invoke) { v.result(inv.Seq, nil, nil) }, rulebox.CodeInternal, byProtocol},
	{"cut short", func(v *villain, inv *wire.Invoke) {
		b := wire.AppendResult(nil, inv.Seq, fine, nil)
		binary.LittleEndian.PutUint32(b, uint32(len(b)-4-3))
		v.conn.Write(b[:len(b)-3])
	}, rulebox.CodeInternal, byProtocol},
	{"closes and lives on", func(v *villain, _ *wire.Invoke) { v.conn.Close(); sleep() }, rulebox.CodeInternal, byItself},
	{"exits as if all were well", func(*villain, *wire.Invoke) { os.Exit(0) }, rulebox.CodeInternal, byItself},
	{"claims a memory limit", func(*villain, *wire.Invoke) {
		fmt.Fprintln(os.Stderr, wire.MemoryMark)
		os.Exit(wire.ExitMemory)
	}, rulebox.CodeMemory, byWatchdog},
	{"passes its limit a moment after its script", func(v *villain, inv *wire.Invoke) {
		v.page.Set(inv.Seq, 1)
		v.page.Set(inv.Seq, -1)
		v.page.Set(0, -1)
		fmt.Fprintln(os.Stderr, wire.MemoryMark)
		os.Exit(wire.ExitMemory)
	}, rulebox.CodeMemory, byWatchdog},
	{"a forbidden call", func(*villain, *wire.Invoke) { unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); sleep() }, rulebox.CodeForbidden, bySyscall},
	{"a Go panic", func(*villain, *wire.Invoke) { panic("with a guest's secret") }, rulebox.CodeInternal, byPanic},
	{"lies about the processor", func(v *villain, inv *wire.Invoke) { v.page.Set(inv.Seq+7, 3); sleep() }, rulebox.CodeTimeout, byDeadline},
	{"a script index out of range", func(v *villain, inv *wire.Invoke) { v.page.Set(inv.Seq, 60000); sleep() }, rulebox.CodeTimeout, byDeadline},
	{"does not answer", hang, rulebox.CodeTimeout, byDeadline},
	{"floods standard error", func(*villain, *wire.Invoke) {
		for {
			os.Stderr.Write(make([]byte, 64<<10))
		}
	}, rulebox.CodeTimeout, byDeadline},
	{"garbage to the broker", func(v *villain, _ *wire.Invoke) { v.dials.Write([]byte("\xff\xff\xff")); sleep() }, rulebox.CodeInternal, byProtocol},
	{"a giant to the broker", func(v *villain, _ *wire.Invoke) { v.dials.Write(make([]byte, 8<<10)); sleep() }, rulebox.CodeInternal, byProtocol},
	{"a flood of dials, unread", func(v *villain, _ *wire.Invoke) {
		for i := uint64(1); ; i++ {
			v.dials.Write((&wire.DialRequest{ID: i, Address: "127.0.0.1:1"}).Append(nil))
		}
	}, rulebox.CodeTimeout, byDeadline},
	{"gives descriptors to the broker", func(v *villain, inv *wire.Invoke) {
		u := v.dials.(*net.UnixConn)
		for range 50 {
			u.WriteMsgUnix((&wire.DialRequest{ID: 1, Address: "127.0.0.1:1"}).Append(nil), unix.UnixRights(1, 2), nil)
		}
		v.result(inv.Seq, fine, nil)
	}, "", causes},
	{"gives descriptors with an answer", func(v *villain, inv *wire.Invoke) {
		v.conn.(*net.UnixConn).WriteMsgUnix(wire.AppendResult(nil, inv.Seq, fine, nil), unix.UnixRights(1, 2), nil)
	}, "", causes},
}

// villainMain is the child of these tests: a worker in the whole jail that was
// taken over.
func villainMain(name string) {
	page, err := wire.MapPage(wire.PageFD)
	if err != nil {
		panic(err)
	}
	layers, err := confine.Enter()
	if err != nil {
		panic(err)
	}
	v := &villain{page: page}
	for fd, c := range map[uintptr]*net.Conn{wire.FrameFD: &v.conn, wire.BrokerFD: &v.dials} {
		f := os.NewFile(fd, "node")
		if *c, err = net.FileConn(f); err != nil {
			panic(err)
		}
		f.Close()
	}
	ready := wire.Ready{Version: wire.Version}
	for _, l := range layers {
		ready.Layers = append(ready.Layers, string(l))
	}
	switch name {
	case "fewer layers":
		ready.Layers = ready.Layers[1:]
	case "another version":
		ready.Version++
	case "no ready":
		v.conn.Write([]byte("\x05\x00\x00\x00\x0ahello"))
		sleep()
	}
	v.conn.Write(ready.Append(nil))
	if name == "never reads" {
		sleep()
	}
	rd := wire.NewReader(v.conn, wire.MaxFrame)
	for {
		kind, body, err := rd.Next()
		if err != nil {
			os.Exit(0)
		}
		var inv wire.Invoke
		if kind != wire.KindInvoke || inv.Decode(body) != nil {
			continue
		}
		for _, a := range abuses {
			if a.name == name {
				page.Set(inv.Seq, 0)
				a.do(v, &inv)
			}
		}
	}
}

// Whatever a worker that was taken over says, the caller gets an answer in time,
// nobody else notices, and the node lives.
func TestCompromisedWorker(t *testing.T) {
	if raceDetector {
		t.Skip("needs the whole jail, which is built without cgo")
	}
	core, logs := observer.New(zapcore.DebugLevel)
	good := open(t, Options{})
	require.Eventually(t, func() bool { s := good.Stats(); return s.Blank == 2 && s.Starting == 0 }, 10*time.Second, time.Millisecond)
	_, err := login(bg(t), good, chainOf("acme", okRule))
	require.NoError(t, err)
	exe, err := os.Executable()
	require.NoError(t, err)
	for _, a := range abuses {
		t.Run(a.name, func(t *testing.T) {
			fds := openFiles(t)
			func() {
				p, stop := run(t, Options{Command: []string{exe, "villain", a.name}, Warm: 1, Logger: zap.New(core)})
				defer stop()
				c := chainOf("acme", okRule, okRule)
				c.Limits.Wall = 300 * time.Millisecond
				require.Eventually(t, func() bool { return p.Stats().Blank > 0 }, 10*time.Second, time.Millisecond)
				start := time.Now()
				_, err := login(bg(t), p, c)
				require.Less(t, time.Since(start), 550*time.Millisecond)
				require.Equal(t, a.code, rulebox.CodeOf(err), "%v", err)
				if a.code == rulebox.CodeMemory {
					var e *rulebox.Error
					require.ErrorAs(t, err, &e)
					require.NotEmpty(t, e.Script, "%v", err)
				}
				if a.death < causes {
					require.Eventually(t, func() bool { return p.Stats().Deaths[causeNames[a.death]] == 1 }, 5*time.Second, time.Millisecond, "%v", p.Stats().Deaths)
				}
			}()
			// The good pool may be about to replace a worker: five descriptors each.
			require.Eventually(t, func() bool { return openFiles(t) <= fds+5 }, 5*time.Second, time.Millisecond, "descriptors left in the node")
			_, err := login(bg(t), good, chainOf("acme", okRule))
			require.NoError(t, err)
		})
	}
	for _, l := range logs.All() {
		for k, v := range l.ContextMap() {
			assert.NotContains(t, fmt.Sprint(v), "secret", k)
		}
	}
}

func openFiles(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(list)
}

// run is open with an end before the test's.
func run(t testing.TB, opt Options) (*Pool, func()) {
	plan, err := thePlan()
	require.NoError(t, err)
	opt.Plan = plan
	p, err := New(opt)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	return p, func() {
		cancel()
		require.NoError(t, <-done)
	}
}

// A worker that is not in the whole jail gets nothing.
func TestWorkersThatAreRefused(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	for name, says := range map[string]string{"fewer layers": "lacks the layer", "another version": "restart the node", "no ready": "first frame"} {
		t.Run(name, func(t *testing.T) {
			plan, err := thePlan()
			require.NoError(t, err)
			p, err := New(Options{Plan: plan, Command: []string{exe, "villain", name}})
			require.NoError(t, err)
			answer := make(chan error, 1)
			go func() {
				_, err := login(bg(t), p, chainOf("acme", okRule))
				answer <- err
			}()
			require.ErrorContains(t, p.Run(bg(t)), says)
			require.Equal(t, rulebox.CodeUnavailable, rulebox.CodeOf(<-answer))
		})
	}
}

// A worker that takes no bytes holds nobody up beyond the limit, and what never
// reached it is not reported as started.
func TestWorkerThatNeverReads(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	p, stop := run(t, Options{Command: []string{exe, "villain", "never reads"}, MaxPerTenant: 1})
	defer stop()
	c := chainOf("acme", okRule)
	c.Limits.Wall = 300 * time.Millisecond
	big := json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			start := time.Now()
			_, err := p.Invoke(bg(t), &rulebox.Invocation{Chain: c, Args: []json.RawMessage{big}})
			assert.Less(t, time.Since(start), 600*time.Millisecond)
			assert.Contains(t, []rulebox.Code{rulebox.CodeTimeout, rulebox.CodeUnavailable}, rulebox.CodeOf(err), "%v", err)
		}()
	}
	wg.Wait()
}

// An invocation whose worker dies before it was written is tried once more, and
// only once.
func TestRetryOnce(t *testing.T) {
	p := open(t, Options{MaxPerTenant: 1, Warm: 2})
	c := chainOf("acme", okRule)
	_, err := login(bg(t), p, c)
	require.NoError(t, err)
	first := theWorker(t, p)
	first.mu.Lock()
	first.death = &death{cause: byItself} // as if it had died just now
	first.mu.Unlock()
	first.cmd.Process.Kill()
	_, err = login(bg(t), p, c)
	require.NoError(t, err)
	require.LessOrEqual(t, p.Stats().Retried, uint64(1))
	require.NotSame(t, first, theWorker(t, p))
}

func theWorker(t *testing.T, p *Pool) *worker {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.all {
		if w.group != nil && !w.leaving {
			return w
		}
	}
	t.Fatal("no worker")
	return nil
}

// Without a node there is no worker.
func TestWorkerNeedsANode(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	proc, err := os.StartProcess(exe, []string{exe, "worker"}, &os.ProcAttr{Files: []*os.File{nil, nil, w}, Env: []string{"GOMAXPROCS=1"}})
	require.NoError(t, err)
	w.Close()
	said, _ := io.ReadAll(r)
	state, err := proc.Wait()
	require.NoError(t, err)
	require.Equal(t, wire.ExitSetup, state.ExitCode())
	require.Contains(t, string(said), "node")
}
