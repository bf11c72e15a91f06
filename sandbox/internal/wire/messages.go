package wire

import (
	"encoding/json"
	"time"

	"github.com/rulebox/rulebox"
)

// Ready says that a worker is in its jail.
type Ready struct {
	Version uint64
	Layers  []string // of the jail, as applied
}

// Append appends the frame.
func (m *Ready) Append(b []byte) []byte {
	b, at := Begin(b, KindReady)
	b = appendUint(b, m.Version)
	b = appendStrings(b, m.Layers)
	return End(b, at)
}

// Decode reads the body.
func (m *Ready) Decode(body []byte) error {
	d := decoder{b: body}
	m.Version, m.Layers = d.uint(), d.strings()
	return d.end()
}

// Lease gives a worker to one tenant and session, for life.
type Lease struct {
	// Memory is the heap, in bytes, that scripts may hold.
	Memory int64
	// Wall is the longest that one invocation may take here.
	Wall time.Duration
	// Connections are those to databases that the worker may hold. Zero means the
	// modules' default.
	Connections int
	// Late asks for the lines that scripts log after their answer.
	Late bool
}

// Append appends the frame.
func (m *Lease) Append(b []byte) []byte {
	b, at := Begin(b, KindLease)
	b = appendInt(b, m.Memory)
	b = appendInt(b, int64(m.Wall))
	b = appendInt(b, int64(m.Connections))
	b = appendBool(b, m.Late)
	return End(b, at)
}

// Decode reads the body.
func (m *Lease) Decode(body []byte) error {
	d := decoder{b: body}
	m.Memory, m.Wall, m.Connections = d.int(), time.Duration(d.int()), int(d.int())
	m.Late = d.bool()
	return d.end()
}

// AppendLate appends the frame with a line that was logged after the answer.
func AppendLate(b []byte, l rulebox.Log) []byte {
	b, at := Begin(b, KindLate)
	b = appendBytes(b, l.Level)
	b = appendBytes(b, l.Text)
	b = appendBytes(b, l.Script)
	return End(b, at)
}

// DecodeLate reads the body. A line is not longer than all lines of an invocation
// may be.
func DecodeLate(body []byte) (l rulebox.Log, err error) {
	d := decoder{b: body}
	l = rulebox.Log{Level: d.string(), Text: d.string(), Script: d.string()}
	if len(l.Text) > rulebox.MaxLogBytes {
		d.fail("a line that is too long")
	}
	return l, d.end()
}

// AppendScript appends the frame that carries a script's source. The name is not
// part of it: chains give names to digests.
func AppendScript(b []byte, s *rulebox.Script) []byte {
	b, at := Begin(b, KindScript)
	b = appendBytes(b, s.Digest)
	b = appendBytes(b, s.Kind)
	b = appendBytes(b, s.Source)
	return End(b, at)
}

// DecodeScript reads the body of a script frame. It does not verify the digest.
func DecodeScript(body []byte) (*rulebox.Script, error) {
	d := decoder{b: body}
	s := &rulebox.Script{Digest: rulebox.Digest(d.string()), Kind: rulebox.Kind(d.string()), Source: d.string()}
	return s, d.end()
}

// AppendChain appends the frame that makes the chain known under the id. Its
// scripts go by name and digest; egress stays with the node.
func AppendChain(b []byte, id uint64, c *rulebox.Chain) []byte {
	b, at := Begin(b, KindChain)
	b = appendUint(b, id)
	b = appendBytes(b, c.Tenant)
	b = appendBytes(b, c.Trigger)
	b = appendBytes(b, c.Session)
	b = appendUint(b, uint64(len(c.Scripts)))
	for _, s := range c.Scripts {
		b = appendBytes(b, s.Name)
		b = appendBytes(b, s.Digest)
	}
	b = appendMap(b, c.Configuration)
	b = appendBool(b, c.Management != nil)
	if m := c.Management; m != nil {
		b = appendBytes(b, m.Domain)
		b = appendBytes(b, m.BaseURL)
		b = appendBytes(b, m.AccessToken)
	}
	b = appendInt(b, int64(c.Limits.Wall))
	b = appendInt(b, c.Limits.Memory)
	b = appendInt(b, int64(c.Limits.Output))
	b = appendGrants(b, c)
	return End(b, at)
}

// DecodeChain reads the body of a chain frame. The chain's scripts have a name
// and a digest only.
func DecodeChain(body []byte) (id uint64, c *rulebox.Chain, err error) {
	d := decoder{b: body}
	id = d.uint()
	c = &rulebox.Chain{Tenant: d.string(), Trigger: d.string(), Session: d.string()}
	n := d.count(2)
	c.Scripts = make([]*rulebox.Script, 0, n)
	for range n {
		c.Scripts = append(c.Scripts, &rulebox.Script{Name: d.string(), Digest: rulebox.Digest(d.string())})
	}
	if c.Configuration = d.mapping(); c.Configuration == nil {
		c.Configuration = map[string]string{}
	}
	if d.bool() {
		c.Management = &rulebox.Management{Domain: d.string(), BaseURL: d.string(), AccessToken: d.string()}
	}
	c.Limits = rulebox.Limits{Wall: time.Duration(d.int()), Memory: d.int(), Output: int(d.int())}
	d.grants(c)
	return id, c, d.end()
}

// AppendID appends a frame that is one number: Forget (a chain's id) or Cancel
// (an invocation's sequence number).
func AppendID(b []byte, k Kind, id uint64) []byte {
	b, at := Begin(b, k)
	b = appendUint(b, id)
	return End(b, at)
}

// DecodeID reads the body of a frame that is one number.
func DecodeID(body []byte) (uint64, error) {
	d := decoder{b: body}
	id := d.uint()
	return id, d.end()
}

// AppendEmpty appends a frame without a body.
func AppendEmpty(b []byte, k Kind) []byte {
	b, at := Begin(b, k)
	return End(b, at)
}

// Invoke asks for one run of a chain.
type Invoke struct {
	Seq, Chain uint64
	// ID is the transaction's.
	ID string
	// Remaining is the time until the deadline, at the moment of writing.
	Remaining time.Duration
	// Now, if not zero, is the fixed time that scripts see.
	Now  time.Time
	Args []json.RawMessage
	// Resume and Cache are the invocation's.
	Resume *rulebox.Resume
	Cache  []rulebox.CacheEntry
}

// Append appends the frame.
func (m *Invoke) Append(b []byte) []byte {
	b, at := Begin(b, KindInvoke)
	b = appendUint(b, m.Seq)
	b = appendUint(b, m.Chain)
	b = appendBytes(b, m.ID)
	b = appendInt(b, int64(m.Remaining))
	b = appendBool(b, !m.Now.IsZero())
	if !m.Now.IsZero() {
		b = appendInt(b, m.Now.Unix())
		b = appendInt(b, int64(m.Now.Nanosecond()))
	}
	b = appendTexts(b, m.Args)
	b = appendBool(b, m.Resume != nil)
	if m.Resume != nil {
		b = appendInt(b, int64(m.Resume.Script))
		b = appendTexts(b, m.Resume.Commands)
		b = appendBytes(b, m.Resume.State)
	}
	b = appendUint(b, uint64(len(m.Cache)))
	for i := range m.Cache {
		b = appendBytes(b, m.Cache[i].Key)
		b = appendBytes(b, m.Cache[i].Value)
		b = appendInt(b, m.Cache[i].ExpiresAt)
	}
	return End(b, at)
}

// Decode reads the body. Args and commands are views of it.
func (m *Invoke) Decode(body []byte) error {
	d := decoder{b: body}
	m.Seq, m.Chain, m.ID = d.uint(), d.uint(), d.string()
	m.Remaining = time.Duration(d.int())
	if d.bool() {
		sec := d.int()
		m.Now = time.Unix(sec, d.int())
	}
	m.Args = d.texts()
	if d.bool() {
		m.Resume = &rulebox.Resume{Script: int(d.int()), Commands: d.texts(), State: d.string()}
	}
	if n := d.count(3); n > 0 {
		m.Cache = make([]rulebox.CacheEntry, n)
		for i := range m.Cache {
			m.Cache[i] = rulebox.CacheEntry{Key: d.string(), Value: d.string(), ExpiresAt: d.int()}
		}
	}
	return d.end()
}

func appendTexts(b []byte, v []json.RawMessage) []byte {
	b = appendUint(b, uint64(len(v)))
	for _, t := range v {
		b = appendBytes(b, t)
	}
	return b
}

func (d *decoder) texts() []json.RawMessage {
	n := d.count(1)
	if n == 0 {
		return nil
	}
	v := make([]json.RawMessage, n)
	for i := range v {
		v[i] = d.bytes()
	}
	return v
}

// AppendCheck appends the frame that asks for a script's compilation.
func AppendCheck(b []byte, seq uint64, s *rulebox.Script) []byte {
	b, at := Begin(b, KindCheck)
	b = appendUint(b, seq)
	b = appendBytes(b, s.Name)
	b = appendBytes(b, s.Kind)
	b = appendBytes(b, s.Source)
	return End(b, at)
}

// DecodeCheck reads the body of a check frame.
func DecodeCheck(body []byte) (seq uint64, s *rulebox.Script, err error) {
	d := decoder{b: body}
	seq = d.uint()
	name := d.string()
	s = rulebox.NewScript(rulebox.Kind(d.string()), name, d.string())
	return seq, s, d.end()
}
