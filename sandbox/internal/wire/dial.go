package wire

import (
	"time"

	"github.com/rulebox/rulebox"
)

// MaxDial bounds a packet on the broker socket, in bytes.
const MaxDial = 2 << 10

// DialRequest asks the node for a connected socket. It is one packet.
type DialRequest struct {
	ID uint64
	// Chain is the chain for which to dial: its egress list applies. Zero means
	// the node's list alone.
	Chain uint64
	// Address is host:port.
	Address string
	Timeout time.Duration
}

// Append appends the packet.
func (m *DialRequest) Append(b []byte) []byte {
	b = appendUint(b, m.ID)
	b = appendUint(b, m.Chain)
	b = appendBytes(b, m.Address)
	return appendInt(b, int64(m.Timeout))
}

// Decode reads the packet.
func (m *DialRequest) Decode(p []byte) error {
	d := decoder{b: p}
	m.ID, m.Chain, m.Address, m.Timeout = d.uint(), d.uint(), d.string(), time.Duration(d.int())
	return d.end()
}

// DialReply answers a DialRequest. Without an error, the packet carries the
// socket as a descriptor.
type DialReply struct {
	ID  uint64
	Err *rulebox.Error
	// Net is the class of a network error (ECONNREFUSED, ENOTFOUND, ETIMEDOUT …)
	// if Err is nil and there is no socket. Text describes it.
	Net, Text string
}

// Append appends the packet.
func (m *DialReply) Append(b []byte) []byte {
	b = appendUint(b, m.ID)
	b = appendError(b, m.Err)
	b = appendBytes(b, m.Net)
	return appendBytes(b, m.Text)
}

// Decode reads the packet.
func (m *DialReply) Decode(p []byte) error {
	d := decoder{b: p}
	m.ID, m.Err, m.Net, m.Text = d.uint(), d.error(), d.string(), d.string()
	return d.end()
}
