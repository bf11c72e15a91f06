package wire

import (
	"time"

	"github.com/rulebox/rulebox"
)

// MaxDial bounds a request on the broker socket, MaxDialReply an answer, in bytes.
const (
	MaxDial      = 2 << 10
	MaxDialReply = 16 << 10
)

// DialRequest asks the node for a connected socket, or for what is known of a
// name. It is one packet.
type DialRequest struct {
	ID uint64
	// Chain is the chain for which to dial: its egress list applies. Zero means
	// the node's list alone.
	Chain uint64
	// Address is host:port, or the name if Resolve is not empty.
	Address string
	Timeout time.Duration
	// Resolve is the type of the records that are asked for: A, AAAA, MX …
	Resolve string
}

// Append appends the packet.
func (m *DialRequest) Append(b []byte) []byte {
	b = appendUint(b, m.ID)
	b = appendUint(b, m.Chain)
	b = appendBytes(b, m.Address)
	b = appendInt(b, int64(m.Timeout))
	return appendBytes(b, m.Resolve)
}

// Decode reads the packet.
func (m *DialRequest) Decode(p []byte) error {
	d := decoder{b: p}
	m.ID, m.Chain, m.Address, m.Timeout, m.Resolve = d.uint(), d.uint(), d.string(), time.Duration(d.int()), d.string()
	return d.end()
}

// DialReply answers a DialRequest. Without an error, the packet carries the
// socket as a descriptor, or the records.
type DialReply struct {
	ID  uint64
	Err *rulebox.Error
	// Net is the class of a network error (ECONNREFUSED, ENOTFOUND, ETIMEDOUT …)
	// if Err is nil and there is no socket. Text describes it.
	Net, Text string
	// Records are what was asked for, as in a zone file.
	Records []string
}

// Append appends the packet.
func (m *DialReply) Append(b []byte) []byte {
	b = appendUint(b, m.ID)
	b = appendError(b, m.Err)
	b = appendBytes(b, m.Net)
	b = appendBytes(b, m.Text)
	return appendStrings(b, m.Records)
}

// Decode reads the packet.
func (m *DialReply) Decode(p []byte) error {
	d := decoder{b: p}
	m.ID, m.Err, m.Net, m.Text, m.Records = d.uint(), d.error(), d.string(), d.string(), d.strings()
	return d.end()
}
