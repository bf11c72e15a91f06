package confine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

var errArch = fmt.Errorf("there is no system call policy for %s: use amd64 or arm64", runtime.GOARCH)

// probeTimeout bounds one throw-away child, which takes some milliseconds.
const probeTimeout = 20 * time.Second

// initialized says that this program called Init, and can be a probe's child.
var initialized bool

// Init makes the running program fit to be started by Probe and by a Spawner:
// call it first in main, or in TestMain. In their children it does their work
// and exits; else it returns at once.
func Init() {
	initialized = true
	if os.Getenv(envSpawner) != "" {
		if err := serveSpawner(); err != nil {
			fmt.Fprintln(os.Stderr, "rulebox: spawner:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	o, err := decode(os.Getenv(envPlan))
	if err != nil || !o.probe {
		return
	}
	out := os.NewFile(3, "probe")
	if err := o.enter(); err != nil {
		fmt.Fprint(out, err)
		os.Exit(1)
	}
	exercise()
	fmt.Fprint(out, "ok")
	os.Exit(0)
}

// exercise makes the runtime do for a moment what a worker's does, so that a
// filter that kills it is found here.
func exercise() {
	done := make(chan int)
	go func() {
		n := 0
		for range 8 {
			b := make([]byte, 1<<20)
			n += len(bytes.TrimSpace(b))
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
		done <- n
	}()
	<-done
}

// Probe finds out, by trying in throw-away children of the running executable,
// which layers hold here. It takes some milliseconds when all do, and some more
// for each that does not. The error is not nil only if nothing could be tried.
func Probe(p Profile) (*Plan, error) {
	if !initialized {
		return nil, errors.New("confine: this program did not call confine.Init first in main: it cannot probe")
	}
	if !p.known() {
		return nil, fmt.Errorf("confine: profile %q is not known", p)
	}
	if err := try(&Plan{Profile: p}, nil); err != nil {
		return nil, fmt.Errorf("confine: this program cannot start itself as a child: %w", err)
	}
	plan := &Plan{Profile: p, Missing: impossible()}
	var wanted []Layer
	for _, l := range AllLayers {
		if l != Cgroup && plan.why(l).Why == notInPlan {
			wanted = append(wanted, l)
		}
	}
	all := &Plan{Profile: p, Layers: wanted}
	if try(all, nil) == nil {
		plan.Layers = wanted
	} else {
		plan.climb(wanted)
	}
	if err := probeCgroup(); err != nil {
		plan.miss(Cgroup, err)
	} else {
		plan.Layers = append(plan.Layers, Cgroup)
	}
	return plan, nil
}

// impossible lists what need not be tried.
func impossible() (out []Missing) {
	add := func(l Layer, err error) {
		out = append(out, Missing{Layer: l, Why: err.Error(), Advice: advice(l, err)})
	}
	if linkedWithCgo() {
		for _, l := range []Layer{UserNS, UID, Caps, NoNew, Land, Sec} {
			add(l, errCgo)
		}
	} else if auditArch == 0 {
		add(Sec, errArch)
	}
	return out
}

// climb adds the layers one by one, keeping those that hold with those before.
func (p *Plan) climb(wanted []Layer) {
	for _, l := range wanted {
		more := &Plan{Profile: p.Profile, Layers: append(p.Layers[:len(p.Layers):len(p.Layers)], l)}
		if err := try(more, nil); err != nil {
			p.miss(l, err)
			continue
		}
		p.Layers = more.Layers
	}
}

func (p *Plan) miss(l Layer, err error) {
	p.Missing = append(p.Missing, Missing{Layer: l, Why: strings.TrimPrefix(err.Error(), "confine: "), Advice: advice(l, err)})
}

// try starts one throw-away child under the plan, of the program or else the running
// executable, and returns what it met.
func try(p *Plan, program *os.File) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	var stderr bytes.Buffer
	cmd := p.command(program, []string{selfExe}, []*os.File{w}, true)
	cmd.Stderr = &stderr
	err = cmd.Start()
	w.Close()
	if err != nil {
		return startError(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	defer stop()
	said, readErr := io.ReadAll(io.LimitReader(r, 4096))
	err = cmd.Wait()
	switch {
	case string(said) == "ok" && err == nil:
		return nil
	case len(said) > 0 && string(said) != "ok":
		return errors.New(string(said))
	case err != nil:
		return died(err, stderr.String())
	}
	return fmt.Errorf("the child said nothing: %w", errors.Join(readErr, ctx.Err()))
}

// startError keeps of a failed Start what the kernel said.
func startError(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return fmt.Errorf("starting the child: %w", errno)
	}
	return err
}

// died says what became of a child that did not report.
func died(err error, stderr string) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() && ws.Signal() == unix.SIGSYS {
			return errors.New("the Go runtime made a system call that the filter does not know (the kernel log has its number)")
		}
	}
	line, _, _ := strings.Cut(stderr, "\n")
	return fmt.Errorf("the child died: %w %s", err, line)
}
