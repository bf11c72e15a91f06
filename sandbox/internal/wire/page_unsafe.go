package wire

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	pageSize = 4096
	// Slots is how many invocations a worker can hold at a time. The low bits of a
	// sequence number say which slot it has; no two in flight have the same.
	Slots    = 448
	slotBits = 9
)

// Seq returns the sequence number of the n-th invocation, in the slot.
func Seq(n uint64, slot int) uint64 { return n<<slotBits | uint64(slot) }

// SlotOf is the slot of a sequence number. It may be out of range if the number
// did not come from Seq.
func SlotOf(seq uint64) int { return int(seq & (1<<slotBits - 1)) }

// A Page is memory shared by a node and one worker, in which the worker writes
// what is on the processor: so that the node knows whom to blame when the worker
// can no longer speak. Writing takes no system call.
//
// A compromised worker may write anything; it can only shift blame among the
// invocations of its own tenant.
//
// It stays mapped as long as it is reachable, so that looking at the page of a
// dead worker is harmless.
type Page struct {
	// on is sequence<<16 | script+1, 0 when nothing is on the processor. One word,
	// so that the two are never torn.
	on    *atomic.Uint64
	since *atomic.Int64 // Unix time of the last change of on, in nanoseconds
	// last is the last value of on that named a script.
	last *atomic.Uint64
	// started holds, for each slot, the last sequence number that began there.
	started *[Slots]atomic.Uint64
	// late is how many invocations have work in flight after their answer.
	late *atomic.Int64
	// lines is how many lines were sent in frames of KindLate.
	lines *atomic.Int64
}

// NewPage returns a page and its file, which the caller closes after it was
// given to the worker. The file can neither shrink nor grow: a worker that could
// truncate it would crash the node.
func NewPage() (*Page, *os.File, error) {
	f, err := memfd("rulebox-page", pageSize, nil, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	if err != nil {
		return nil, nil, err
	}
	p, err := MapPage(int(f.Fd()))
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return p, f, nil
}

// MapPage maps the page behind the descriptor.
func MapPage(fd int) (*Page, error) {
	mem, err := unix.Mmap(fd, 0, pageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the shared page: %w", err)
	}
	p := &Page{
		on:    (*atomic.Uint64)(unsafe.Pointer(&mem[0])),
		since: (*atomic.Int64)(unsafe.Pointer(&mem[64])),

		started: (*[Slots]atomic.Uint64)(unsafe.Pointer(&mem[128])),
		late:    (*atomic.Int64)(unsafe.Pointer(&mem[128+8*Slots])),
		lines:   (*atomic.Int64)(unsafe.Pointer(&mem[128+8*Slots+8])),
		last:    (*atomic.Uint64)(unsafe.Pointer(&mem[128+8*Slots+16])),
	}
	runtime.AddCleanup(p, func(mem []byte) { unix.Munmap(mem) }, mem)
	return p, nil
}

// Set records that the script (-1: none in particular) of the invocation (0:
// nothing) is on the processor.
func (p *Page) Set(seq uint64, script int) {
	v := uint64(0)
	if seq != 0 {
		v = seq<<16 | uint64(uint16(script+1))
		if slot := SlotOf(seq); slot < Slots {
			p.started[slot].Store(seq)
		}
	}
	if seq != 0 && script >= 0 {
		p.last.Store(v)
	}
	p.since.Store(time.Now().UnixNano())
	p.on.Store(v)
	runtime.KeepAlive(p)
}

// Get returns what Set recorded.
func (p *Page) Get() (seq uint64, script int, since time.Time) {
	v, t := p.on.Load(), p.since.Load()
	runtime.KeepAlive(p)
	seq, script = unpack(v)
	return seq, script, time.Unix(0, t)
}

// Last is what Get returns, or the script that was on the processor last if none
// is: what a script leaves in memory can end the worker a moment after it.
func (p *Page) Last() (seq uint64, script int) {
	seq, script = unpack(p.on.Load())
	lastSeq, lastScript := unpack(p.last.Load())
	runtime.KeepAlive(p)
	if seq == 0 || seq == lastSeq && script < 0 {
		return lastSeq, lastScript
	}
	return seq, script
}

func unpack(v uint64) (seq uint64, script int) { return v >> 16, int(v&0xffff) - 1 }

// Started tells whether the invocation was ever on the processor.
func (p *Page) Started(seq uint64) bool {
	slot := SlotOf(seq)
	yes := slot >= Slots || p.started[slot].Load() == seq
	runtime.KeepAlive(p)
	return yes
}

// SetLate records how many invocations have work in flight after their answer.
func (p *Page) SetLate(n int) {
	p.late.Store(int64(n))
	runtime.KeepAlive(p)
}

// CountLine records that a line is about to be sent.
func (p *Page) CountLine() {
	p.lines.Add(1)
	runtime.KeepAlive(p)
}

// Late returns what SetLate and CountLine recorded.
func (p *Page) Late() (invocations int, lines int64) {
	n := p.late.Load()
	lines = p.lines.Load()
	runtime.KeepAlive(p)
	return int(n), lines
}

// Idle tells whether nothing is on the processor.
func (p *Page) Idle() bool {
	v := p.on.Load()
	runtime.KeepAlive(p)
	return v == 0
}

// NewRoots returns a sealed file with the text, to be given to every worker.
func NewRoots(pem []byte) (*os.File, error) {
	return memfd("rulebox-roots", len(pem), pem, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE|unix.F_SEAL_SEAL)
}

// MapRoots maps what NewRoots made; nil if it is empty. The mapping stays for
// the life of the process.
func MapRoots(fd int) ([]byte, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("map the trusted roots: %w", err)
	}
	if st.Size == 0 {
		return nil, nil
	}
	mem, err := unix.Mmap(fd, 0, int(st.Size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the trusted roots: %w", err)
	}
	return mem, nil
}

func memfd(name string, size int, content []byte, seals int) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("memfd_create %s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	if err := f.Truncate(int64(size)); err != nil {
		f.Close()
		return nil, err
	}
	if len(content) > 0 {
		if _, err := f.WriteAt(content, 0); err != nil {
			f.Close()
			return nil, err
		}
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		f.Close()
		return nil, fmt.Errorf("seal %s: %w", name, err)
	}
	return f, nil
}
