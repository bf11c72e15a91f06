// Package wire is what a node and its workers say to each other: length-prefixed
// frames over a stream socket, dial requests over a packet socket, and one shared
// page of memory.
//
// A frame is a little-endian uint32 (the length of what follows), one byte of
// kind, and a body. Integers are varints, strings and byte slices are a length
// and their bytes. Arguments and values are JSON text that passes through as the
// bytes it came as.
//
// The node trusts nothing that it reads here: a worker may be compromised. No
// input makes a decoder panic, and what it allocates is bounded by the bytes that
// really arrived.
package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// Version is sent in Ready. A node and its workers are built together, so a
// difference means that the executable was replaced while the node ran.
const Version = 4

// MaxFrame bounds a frame, in bytes, its kind included.
const MaxFrame = 16 << 20

// Descriptors that a worker finds open.
const (
	FrameFD  = 3 // stream socket
	BrokerFD = 4 // packet socket
	PageFD   = 5 // memory, one page, written by the worker
	RootsFD  = 6 // memory, sealed: PEM certificates of the trusted roots
)

// Exit codes of a worker.
const (
	ExitMemory = 86 // the watchdog; it wrote MemoryMark first
	ExitSetup  = 97 // the jail or the handshake failed; a line says how
	ExitWire   = 98 // the node's bytes made no sense
)

// MemoryMark is the line on standard error that goes with ExitMemory.
const MemoryMark = "rulebox: memory limit reached"

// Kind is the kind of a frame.
type Kind byte

const (
	KindReady  Kind = iota + 1 // worker → node, first
	KindLease                  // node → worker, once: whose worker it is now
	KindScript                 // node → worker, before the first chain that names it
	KindChain
	KindForget
	KindInvoke
	KindCancel
	KindCheck
	KindTrim // node → worker: idle for a while, give memory back
	KindResult
	KindReport
	KindCode // either way: native code of a script
	KindWASM // node → worker: WebAssembly will run here, get ready for it
	KindLate // worker → node: a line that was logged after the answer; see Lease
)

// ErrFrame is in the chain of every error about malformed bytes.
var ErrFrame = errors.New("malformed frame")

const headerSize = 4

// Begin starts a frame at the end of b and returns b and the frame's offset, for
// End.
func Begin(b []byte, k Kind) ([]byte, int) {
	at := len(b)
	return append(b, 0, 0, 0, 0, byte(k)), at
}

// End completes the frame that Begin started. The caller checks its size against
// MaxFrame: Size tells it.
func End(b []byte, at int) []byte {
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-headerSize))
	return b
}

// A Reader reads frames. The zero value is not usable.
type Reader struct {
	br  *bufio.Reader
	max atomic.Int64
}

// readBuffer holds the frame of an ordinary login whole, so that reading it is
// one system call. A node has one for every worker.
const readBuffer = 8 << 10

// NewReader returns a reader that refuses frames of more than max bytes.
func NewReader(r io.Reader, max int) *Reader {
	reader := &Reader{br: bufio.NewReaderSize(r, readBuffer)}
	reader.SetMax(max)
	return reader
}

// SetMax changes the bound, for frames that begin after it.
func (r *Reader) SetMax(max int) { r.max.Store(int64(min(max, MaxFrame))) }

// Max is the bound, in bytes.
func (r *Reader) Max() int { return int(r.max.Load()) }

// Next returns the next frame. The body is the caller's to keep. The error is
// io.EOF between frames, ErrFrame for a length out of bounds, and otherwise the
// connection's.
func (r *Reader) Next() (Kind, []byte, error) {
	head, err := r.br.Peek(headerSize + 1)
	if err != nil {
		if len(head) > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	n := binary.LittleEndian.Uint32(head)
	if n < 1 || int64(n) > r.max.Load() {
		return 0, nil, fmt.Errorf("%w: length %d, at most %d", ErrFrame, n, r.Max())
	}
	k := Kind(head[headerSize])
	if _, err := r.br.Discard(headerSize + 1); err != nil {
		return 0, nil, err
	}
	body, err := r.body(int(n) - 1)
	return k, body, err
}

// firstChunk is what is allocated on the word of a header alone, in bytes.
const firstChunk = 64 << 10

func (r *Reader) body(n int) ([]byte, error) {
	b := make([]byte, min(n, firstChunk))
	for read := 0; ; {
		m, err := io.ReadFull(r.br, b[read:])
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if read += m; read == n {
			return b, nil
		}
		grown := make([]byte, min(n, 4*len(b)))
		copy(grown, b)
		b = grown
	}
}
