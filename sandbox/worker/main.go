// Package worker is what runs inside a jailed process: it enters the jail, says
// so, and runs what the node sends until the node closes the connection.
package worker

import (
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

const (
	// maxStack bounds one goroutine's stack, in bytes: native recursion dies of it
	// in a fraction of a second instead of eating the machine.
	maxStack = 64 << 20
	// gcPercent lets short bursts of logins pass without a collection: the heap of a
	// busy worker goes up to 16 MB. With 32 MB a login takes longer, for none of that
	// is in the processor's caches. The memory limit, set at the lease, collects
	// earlier when it must.
	gcPercent = 400
)

// Main is the whole life of a worker. It does not return. Only a node starts
// workers: without the descriptors that it gives, Main fails.
func Main() {
	s, err := enter()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rulebox: worker:", err)
		os.Exit(wire.ExitSetup)
	}
	if err := s.serve(); err != nil {
		fmt.Fprintln(os.Stderr, "rulebox: worker:", err)
		os.Exit(wire.ExitWire)
	}
	os.Exit(0)
}

// enter maps what must be mapped before the jail closes, closes the jail, and
// opens the connections. Nothing of a customer's was read when it returns.
func enter() (*server, error) {
	page, err := wire.MapPage(wire.PageFD)
	if err != nil {
		return nil, fmt.Errorf("%w (workers are started by a node only)", err)
	}
	roots, err := wire.MapRoots(wire.RootsFD)
	if err != nil {
		return nil, err
	}
	layers, err := confine.Enter()
	if err != nil {
		return nil, err
	}
	// Scripts see the zone's name in the text of a date: it is Node's.
	time.Local = time.FixedZone("Coordinated Universal Time", 0)
	os.NewFile(wire.PageFD, "page").Close()
	os.NewFile(wire.RootsFD, "roots").Close()
	debug.SetMaxStack(maxStack)
	debug.SetGCPercent(gcPercent)
	frames, err := connection(wire.FrameFD)
	if err != nil {
		return nil, err
	}
	dials, err := connection(wire.BrokerFD)
	if err != nil {
		return nil, err
	}
	return newServer(frames, dials, page, roots, layers), nil
}

func connection(fd int) (*net.UnixConn, error) {
	f := os.NewFile(uintptr(fd), "node")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		return nil, fmt.Errorf("descriptor %d is no unix socket", fd)
	}
	return u, nil
}
