package sandbox

import (
	"errors"

	"github.com/rulebox/rulebox/sandbox/confine"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

const (
	// workerOverhead is what a worker needs beside the heap of its scripts: the
	// engine, programs, stacks, and room for the watchdog to act. In bytes.
	workerOverhead = 64 << 20
	// wasmOverhead is what a worker for WebAssembly needs beyond that: native code,
	// and the file that it comes from.
	wasmOverhead = 2 * maxWorkerCode
	// blankMemory bounds a worker without a tenant.
	blankMemory = 256 << 20
	// dataOverhead is what RLIMIT_DATA leaves beyond twice the tenant's memory:
	// Go's heap comes in mapped arenas of 64 MiB, which count whole.
	dataOverhead = 256 << 20
	// checkMemory is the memory limit of a compile worker.
	checkMemory = 512 << 20
)

// memoryGroup is a worker's memory cgroup. A nil one does nothing.
type memoryGroup struct{ g *confine.Group }

// confine puts a new process into its memory cgroup, if there are any.
func (p *Pool) confine(pid int) (*memoryGroup, error) {
	if p.cgroups == nil {
		return nil, nil
	}
	g, err := p.cgroups.New(blankMemory)
	if err != nil {
		return nil, err
	}
	if err := g.Add(pid); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return &memoryGroup{g}, nil
}

// confineTo sets the limits of the worker's tenant. The limits inside hold too,
// so that a failure here is no reason to refuse the login; it is logged.
func (w *worker) confineTo(memory int64) {
	err := w.whileThere(func(pid int) error { return confine.SetData(pid, uint64(2*memory+dataOverhead)) })
	if w.jail != nil {
		overhead := int64(workerOverhead)
		if w.supply.profile == confine.WASM {
			overhead += wasmOverhead
		}
		err = errors.Join(err, w.jail.g.SetMemory(uint64(memory+overhead)))
	}
	if err != nil {
		w.pool.log.Warn("a memory limit could not be set from outside", logError(err))
	}
}

// oom tells whether the kernel killed the worker for memory.
func (m *memoryGroup) oom() bool {
	if m == nil {
		return false
	}
	u, err := m.g.Usage()
	return err == nil && u.OOMKills > 0
}

func (m *memoryGroup) remove() {
	if m != nil {
		m.g.Close()
	}
}

// appliedHere tells of the layers that the parent applies.
func appliedHere(l confine.Layer) bool { return l == confine.Cgroup }

// lease tells a worker whose it is and what its bounds are.
func (w *worker) lease(b []byte) []byte {
	w.confineTo(w.memory)
	w.ours = true
	o := &w.pool.opt
	return (&wire.Lease{Memory: w.memory, Wall: w.wall, Connections: max(1, o.Connections/o.MaxPerTenant), Late: o.OnLate != nil}).Append(b)
}
