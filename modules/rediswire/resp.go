package rediswire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// Bounds on what a server may send.
const (
	maxReply = 32 << 20  // bytes of all replies of one exchange
	maxItems = 1_000_000 // values of all replies of one exchange
	maxLine  = 64 << 10
	maxDepth = 32
	bigWrite = 64 << 10 // beyond this, replies are read while commands are written
)

// ErrTooLarge means that replies pass the bounds.
var ErrTooLarge = fmt.Errorf("the reply is larger than %d MiB or %d values, the most that a script may receive; ask for less", maxReply>>20, maxItems)

// A ProtocolError means that what the server sent is not the protocol.
type ProtocolError struct{ What string }

func (e *ProtocolError) Error() string {
	return "the server does not speak the Redis protocol: " + e.What
}

// exchange sends the commands and reads as many replies.
func (c *Conn) exchange(cmds [][][]byte) ([]any, error) {
	var b []byte
	for _, cmd := range cmds {
		b = appendHead(b, '*', len(cmd))
		for _, word := range cmd {
			b = append(append(appendHead(b, '$', len(word)), word...), "\r\n"...)
		}
	}
	if len(b) <= bigWrite {
		if err := c.line.Write(b); err != nil {
			return nil, err
		}
		return c.replies(len(cmds))
	}
	// Both sides could wait for the other to read.
	sent := make(chan error, 1)
	raw := c.line.Net
	go func() {
		_, err := raw.Write(b)
		sent <- err
	}()
	replies, err := c.replies(len(cmds))
	if err != nil {
		c.line.Break()
		raw.Close() // ends the write
	}
	if failed := <-sent; failed != nil && err == nil {
		err = c.line.Lost(failed)
	}
	return replies, err
}

func appendHead(b []byte, kind byte, n int) []byte {
	return append(strconv.AppendInt(append(b, kind), int64(n), 10), "\r\n"...)
}

func (c *Conn) replies(n int) ([]any, error) {
	r := reader{c: c, bytes: maxReply, items: maxItems}
	out := make([]any, 0, min(n, 1024))
	for range n {
		v, err := r.value(0)
		if err != nil {
			c.line.Break()
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// A reader reads replies; what is left of the bounds is in it.
type reader struct {
	c            *Conn
	bytes, items int
}

func (r *reader) line() ([]byte, error) {
	var out []byte
	for {
		part, err := r.c.line.R.ReadSlice('\n')
		if len(out)+len(part) > maxLine {
			return nil, &ProtocolError{"a line is too long"}
		}
		out = append(out, part...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, r.c.line.Lost(err)
		}
	}
	if !bytes.HasSuffix(out, []byte("\r\n")) || len(out) < 3 {
		return nil, &ProtocolError{"a line does not end as it should"}
	}
	return out[:len(out)-2], nil
}

func (r *reader) value(depth int) (any, error) {
	line, err := r.line()
	if err != nil {
		return nil, err
	}
	r.bytes -= len(line)
	if r.items--; r.items < 0 || r.bytes < 0 {
		return nil, ErrTooLarge
	}
	text := string(line[1:])
	switch line[0] {
	case '+':
		return text, nil
	case '-':
		return Error(text), nil
	case ':':
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, &ProtocolError{"a number makes no sense"}
		}
		return n, nil
	case '$':
		return r.bulk(text)
	case '*':
		n, err := strconv.Atoi(text)
		if err != nil || n < -1 {
			return nil, &ProtocolError{"the length of an array makes no sense"}
		}
		if n == -1 {
			return nil, nil
		}
		if depth == maxDepth {
			return nil, &ProtocolError{"arrays are nested too deeply"}
		}
		if n > r.items {
			return nil, ErrTooLarge
		}
		list := make([]any, 0, min(n, 1024))
		for range n {
			v, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	return nil, &ProtocolError{fmt.Sprintf("a reply begins with %q", line[:1])}
}

func (r *reader) bulk(length string) (any, error) {
	n, err := strconv.Atoi(length)
	if err != nil || n < -1 {
		return nil, &ProtocolError{"the length of a string makes no sense"}
	}
	if n == -1 {
		return nil, nil
	}
	if r.bytes -= n; r.bytes < 0 || n > maxReply {
		return nil, ErrTooLarge
	}
	b, err := r.c.line.Read(n + 2)
	if err != nil {
		return nil, err
	}
	if string(b[n:]) != "\r\n" {
		return nil, &ProtocolError{"a string is not as long as it said"}
	}
	return b[:n:n], nil
}
