package tdswire

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"
)

// Bounds on what a server may send in answer to one request.
const (
	maxResult  = 32 << 20 // bytes
	maxRows    = 200_000
	maxColumns = 4096
	maxTokens  = 100_000 // that are no rows
)

// ErrTooLarge means that an answer passes the bounds.
var ErrTooLarge = fmt.Errorf("the result is larger than %d MiB or %d rows, the most that a script may receive; select less", maxResult>>20, maxRows)

// A Token is one of: []Column, Row, *Message, Done, *ReturnValue, ReturnStatus,
// LoginAck, EnvChange, *Routing.
type Token any

// A Row has a value for each column.
type Row []any

// A Message is an error (class above 10) or an information.
type Message struct {
	Number       int32
	State, Class byte
	Text         string
	Server, Proc string
	Line         int32
}

func (m *Message) Error() string { return m.Text }

// Done ends a statement, a procedure or the answer.
type Done struct {
	Kind   byte // 0xfd done, 0xfe of a procedure, 0xff within one
	Status uint16
	Rows   uint64
}

// Flags of Done.
const (
	DoneMore  = 0x01
	DoneError = 0x02
	DoneCount = 0x10
)

// A ReturnValue is a parameter for output.
type ReturnValue struct {
	Name   string
	Column Column
	Value  any
}

// ReturnStatus is what a procedure returned.
type ReturnStatus int32

// LoginAck says that the login was taken.
type LoginAck struct{ Program string }

// EnvChange is a change of the session, of those that concern clients.
type EnvChange struct {
	Kind     byte // 1 database, 2 language, 3 character set, 4 packet size
	New, Old string
}

// A reader reads the packets of one answer. After an error all reads give zeros.
type reader struct {
	c     *Conn
	left  int // bytes of the packet
	last  bool
	total int // bytes that may still come
	err   error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = &ProtocolError{what}
	}
}

// packet goes to the next packet.
func (r *reader) packet() {
	head, err := r.c.line.Read(headerSize)
	if err != nil {
		r.err = err
		return
	}
	n := int(binary.BigEndian.Uint16(head[2:]))
	if head[0] != packetReply || n < headerSize || n > maxPacket {
		r.fail("its answer is not a packet")
		return
	}
	r.left, r.last = n-headerSize, head[1]&statusEnd != 0
}

// bytes returns the next n bytes, which are the caller's.
func (r *reader) bytes(n int) []byte {
	if r.err == nil && (n < 0 || n > r.total) {
		r.err = ErrTooLarge
	}
	if r.err != nil {
		return nil
	}
	r.total -= n
	if n <= r.left {
		b, err := r.c.line.Read(n)
		if err != nil {
			r.err = err
			return nil
		}
		r.left -= n
		return b
	}
	var out []byte
	for n > 0 && r.err == nil {
		if r.left == 0 {
			if r.last {
				r.fail("its answer ends in the middle of something")
				return nil
			}
			r.packet()
			continue
		}
		k := min(n, r.left)
		b, err := r.c.line.Read(k)
		if err != nil {
			r.err = err
			return nil
		}
		out = append(out, b...)
		r.left -= k
		n -= k
	}
	return out
}

// What a column and a value take in memory beside their bytes, about.
const (
	columnSize = 80
	valueSize  = 16
)

// hold takes n bytes of memory from what the answer may have.
func (r *reader) hold(n int) {
	if r.total -= n; r.total < 0 && r.err == nil {
		r.err = ErrTooLarge
	}
}

func (r *reader) number(n int) (v uint64) {
	b := r.bytes(n)
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

func (r *reader) u8() byte    { return byte(r.number(1)) }
func (r *reader) u16() uint16 { return uint16(r.number(2)) }
func (r *reader) u32() uint32 { return uint32(r.number(4)) }
func (r *reader) u64() uint64 { return r.number(8) }

// short and long are texts of UTF-16 whose length in units comes before, in one
// byte or two.
func (r *reader) short() string { return text16(r.bytes(2 * int(r.u8()))) }
func (r *reader) long() string  { return text16(r.bytes(2 * int(r.u16()))) }

func text16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// tokens reads an answer to its end.
func (c *Conn) tokens() ([]Token, error) {
	r := &reader{c: c, total: maxResult}
	var out []Token
	var columns []Column
	rows, others := 0, 0
	for r.err == nil {
		for r.left == 0 && !r.last && r.err == nil {
			r.packet()
		}
		if r.err != nil || r.left == 0 {
			break
		}
		kind := r.u8()
		switch kind {
		case 0x81:
			columns = r.columns()
			out = append(out, columns)
		case 0xd1, 0xd2:
			if rows++; rows > maxRows {
				r.err = ErrTooLarge
				break
			}
			out = append(out, r.row(columns, kind == 0xd2))
		default:
			if others++; others > maxTokens {
				r.err = ErrTooLarge
				break
			}
			if t := c.token(r, kind); t != nil {
				out = append(out, t)
			}
		}
	}
	if r.err == nil && len(out) > 0 {
		if d, ok := out[len(out)-1].(Done); ok && d.Status&DoneMore != 0 {
			r.fail("its answer ends before its end")
		}
	}
	if r.err != nil {
		c.line.Break()
		return out, r.err
	}
	return out, nil
}

// token reads what is neither columns nor a row; nil is what nobody needs.
func (c *Conn) token(r *reader, kind byte) Token {
	switch kind {
	case 0xaa, 0xab: // ERROR, INFO
		r.u16()
		return &Message{Number: int32(r.u32()), State: r.u8(), Class: r.u8(), Text: r.long(), Server: r.short(), Proc: r.short(), Line: int32(r.u32())}
	case 0xad: // LOGINACK
		r.u16()
		r.bytes(5)
		ack := LoginAck{Program: r.short()}
		r.bytes(4)
		return ack
	case 0xe3: // ENVCHANGE
		return c.environment(r.bytes(int(r.u16())), r)
	case 0xfd, 0xfe, 0xff:
		d := Done{Kind: kind, Status: r.u16()}
		r.u16()
		d.Rows = r.u64()
		return d
	case 0x79:
		return ReturnStatus(int32(r.u32()))
	case 0xac:
		r.u16()
		v := &ReturnValue{Name: r.short()}
		r.u8()
		v.Column.UserType, v.Column.Flags = r.u32(), r.u16()
		r.typeInfo(&v.Column)
		v.Value = r.value(&v.Column)
		return v
	case 0xa4, 0xa5, 0xa9, 0xed: // names of tables, columns, order, SSPI
		r.bytes(int(r.u16()))
	case 0xe4, 0xee: // session state, federated logins
		r.bytes(int(r.u32()))
	case 0xae: // features
		for r.u8() != 0xff && r.err == nil {
			r.bytes(int(r.u32()))
		}
	default:
		r.fail(fmt.Sprintf("an unknown token %#x", kind))
	}
	return nil
}

// environment takes note of a change of the session.
func (c *Conn) environment(b []byte, r *reader) Token {
	if len(b) < 1 {
		return nil
	}
	kind, b := b[0], b[1:]
	take := func() []byte { // a length in one byte, then as many
		if len(b) == 0 || int(b[0]) > len(b)-1 {
			b = nil
			return nil
		}
		v := b[1 : 1+b[0]]
		b = b[1+b[0]:]
		return v
	}
	switch kind {
	case 1, 2, 3, 4:
		word := func() string {
			if len(b) == 0 || 2*int(b[0]) > len(b)-1 {
				b = nil
				return ""
			}
			v := text16(b[1 : 1+2*int(b[0])])
			b = b[1+2*int(b[0]):]
			return v
		}
		e := EnvChange{Kind: kind, New: word(), Old: word()}
		if kind == 4 {
			n := 0
			if _, err := fmt.Sscanf(e.New, "%d", &n); err != nil || n < 512 || n > maxPacket {
				r.fail("it wants packets of another size than there is")
				return nil
			}
			c.size = n
		}
		return e
	case 7:
		copy(c.collation[:], take())
	case 8, 11: // a transaction begins
		if v := take(); len(v) == 8 {
			c.transaction = binary.LittleEndian.Uint64(v)
		}
	case 9, 10, 12, 17: // it ends
		c.transaction = 0
	case 18:
		c.wasReset = true
	case 20: // another server: length, protocol, port, name
		if len(b) >= 7 && b[2] == 0 {
			n := int(binary.LittleEndian.Uint16(b[5:]))
			if len(b) >= 7+2*n {
				return &Routing{Host: text16(b[7 : 7+2*n]), Port: int(binary.LittleEndian.Uint16(b[3:]))}
			}
		}
		r.fail("it sends us elsewhere without saying where")
	}
	return nil
}
