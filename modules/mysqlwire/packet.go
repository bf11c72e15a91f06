package mysqlwire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Bounds on what a server may send.
const (
	maxPayload = 1<<24 - 1
	maxPacket  = 16 << 20 // bytes of one logical packet
	maxResult  = 32 << 20 // bytes of all values of one query
	maxRows    = 200_000  // of one query
	maxColumns = 4096
	maxResults = 10_000 // of one query
	readChunk  = 64 << 10
)

// ErrLost means that the server closed the connection in the middle of something.
var ErrLost = errors.New("connection lost: the server closed the connection")

// ErrTooLarge means that a result passes the bounds.
var ErrTooLarge = fmt.Errorf("the result is larger than %d MiB or %d rows, the most that a script may receive; select less", maxResult>>20, maxRows)

// A ProtocolError means that what the server sent is not the protocol.
type ProtocolError struct {
	What string
	// Order means that packets did not come in their order.
	Order bool
}

func (e *ProtocolError) Error() string {
	if e.Order {
		return e.What
	}
	return "the server does not speak the MySQL protocol: " + e.What
}

var errMalformed = &ProtocolError{What: "it sent a packet that makes no sense"}

// readPacket returns the next logical packet, which is the caller's.
func (c *Conn) readPacket() ([]byte, error) {
	var out []byte
	for {
		var head [4]byte
		if _, err := io.ReadFull(c.rd, head[:]); err != nil {
			return nil, c.lost(err)
		}
		n := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
		if head[3] != c.seq {
			c.broken = true
			return nil, &ProtocolError{What: fmt.Sprintf("Packets out of order. Got: %d Expected: %d", head[3], c.seq), Order: true}
		}
		c.seq++
		if len(out)+n > maxPacket {
			c.broken = true
			return nil, &ProtocolError{What: fmt.Sprintf("a packet is larger than %d MiB", maxPacket>>20)}
		}
		// Memory grows with what comes, not with what is announced.
		for left := n; left > 0; {
			k := min(left, readChunk)
			at := len(out)
			out = append(out, make([]byte, k)...)
			if _, err := io.ReadFull(c.rd, out[at:]); err != nil {
				return nil, c.lost(err)
			}
			left -= k
		}
		if n < maxPayload {
			return out, nil
		}
	}
}

func (c *Conn) lost(err error) error {
	c.broken = true
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrLost
	}
	return err
}

// writePacket sends one logical packet.
func (c *Conn) writePacket(p []byte) error {
	for {
		n := min(len(p), maxPayload)
		frame := make([]byte, 4, 4+n)
		frame[0], frame[1], frame[2], frame[3] = byte(n), byte(n>>8), byte(n>>16), c.seq
		c.seq++
		if _, err := c.net.Write(append(frame, p[:n]...)); err != nil {
			return c.lost(err)
		}
		if p = p[n:]; n < maxPayload {
			return nil
		}
	}
}

// command starts a new exchange.
func (c *Conn) command(code byte, body string) error {
	if c.broken {
		return ErrLost
	}
	c.seq = 0
	return c.writePacket(append([]byte{code}, body...))
}

// A cursor reads a packet. After a read beyond the end, bad is set and all reads
// give zeros.
type cursor struct {
	b   []byte
	bad bool
}

func (p *cursor) take(n int) []byte {
	if p.bad || n < 0 || n > len(p.b) {
		p.bad = true
		return nil
	}
	v := p.b[:n:n]
	p.b = p.b[n:]
	return v
}

func (p *cursor) u8() byte {
	if v := p.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (p *cursor) u16() uint16 {
	if v := p.take(2); v != nil {
		return binary.LittleEndian.Uint16(v)
	}
	return 0
}

func (p *cursor) u32() uint32 {
	if v := p.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

func (p *cursor) u64() uint64 {
	if v := p.take(8); v != nil {
		return binary.LittleEndian.Uint64(v)
	}
	return 0
}

// lenenc reads a length-encoded integer; null is what stands for NULL in rows.
func (p *cursor) lenenc() (n uint64, null bool) {
	switch b := p.u8(); b {
	case 0xfb:
		return 0, true
	case 0xfc:
		return uint64(p.u16()), false
	case 0xfd:
		v := p.take(3)
		if v == nil {
			return 0, false
		}
		return uint64(v[0]) | uint64(v[1])<<8 | uint64(v[2])<<16, false
	case 0xfe:
		return p.u64(), false
	case 0xff:
		p.bad = true
		return 0, false
	default:
		return uint64(b), false
	}
}

// bytes reads a length-encoded string; nil is NULL.
func (p *cursor) bytes() []byte {
	n, null := p.lenenc()
	if null || p.bad {
		return nil
	}
	if n > uint64(len(p.b)) {
		p.bad = true
		return nil
	}
	return p.take(int(n))
}

// text reads up to a zero byte, or to the end.
func (p *cursor) text() string {
	for i, b := range p.b {
		if b == 0 {
			s := string(p.b[:i])
			p.b = p.b[i+1:]
			return s
		}
	}
	s := string(p.b)
	p.b = nil
	return s
}

func appendLenenc(b []byte, n uint64) []byte {
	switch {
	case n < 0xfb:
		return append(b, byte(n))
	case n < 1<<16:
		return append(b, 0xfc, byte(n), byte(n>>8))
	case n < 1<<24:
		return append(b, 0xfd, byte(n), byte(n>>8), byte(n>>16))
	}
	return binary.LittleEndian.AppendUint64(append(b, 0xfe), n)
}
