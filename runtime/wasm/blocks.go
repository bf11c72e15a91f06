package wasm

import (
	"encoding/binary"
	"errors"
	"slices"
	"sort"
)

// blocks is the memory through which an Extism plug-in and its host exchange
// bytes. It is apart from the plug-in's own memory; an address is only a handle
// for what the load and store functions reach. Address 0 is none.
type blocks struct {
	all   []block // by address
	next  uint64
	held  int // bytes of all blocks
	max   int
	last  int // index of the block that was found last
	freed int // blocks of all that are
}

type block struct {
	at   uint64
	data []byte // nil when freed
}

// What breaks the exchange. The plug-in is ended by it.
var (
	errBlock     = errors.New("the plug-in reached outside of the memory that it allocated of its host")
	errBlockFull = errors.New("the plug-in holds more memory of its host than the limit allows")
)

// blockCost is what a block counts beside its bytes.
const blockCost = 64

func (m *blocks) alloc(n uint64) (uint64, error) {
	if n == 0 {
		return 0, nil
	}
	if n > uint64(m.max) || m.held+int(n)+blockCost > m.max {
		return 0, errBlockFull
	}
	if m.next == 0 {
		m.next = 64
	}
	at := m.next
	m.next += (n + 15) &^ 7 // a gap between two blocks: reading past one is found
	m.held += int(n) + blockCost
	m.all = append(m.all, block{at, make([]byte, n)})
	return at, nil
}

func (m *blocks) put(data []byte) (uint64, error) {
	at, err := m.alloc(uint64(len(data)))
	if err == nil && at != 0 {
		copy(m.all[len(m.all)-1].data, data)
	}
	return at, err
}

// find returns the block that holds the address, nil if none does.
func (m *blocks) find(at uint64) *block {
	if m.last < len(m.all) {
		if b := &m.all[m.last]; at-b.at < uint64(len(b.data)) {
			return b
		}
	}
	i := sort.Search(len(m.all), func(i int) bool { return m.all[i].at > at }) - 1
	if i < 0 || at-m.all[i].at >= uint64(len(m.all[i].data)) {
		return nil
	}
	m.last = i
	return &m.all[i]
}

// length is that of the block at the address, 0 if none begins there.
func (m *blocks) length(at uint64) uint64 {
	if b := m.find(at); b != nil && b.at == at {
		return uint64(len(b.data))
	}
	return 0
}

func (m *blocks) free(at uint64) {
	b := m.find(at)
	if b == nil || b.at != at {
		return
	}
	m.held -= len(b.data)
	b.data = nil
	if m.freed++; m.freed > 64 && m.freed > len(m.all)/2 {
		m.sweep()
	}
}

// sweep forgets the freed blocks: a plug-in that gives back what it takes can go
// on for ever.
func (m *blocks) sweep() {
	m.all = slices.DeleteFunc(m.all, func(b block) bool { return b.data == nil })
	m.held -= m.freed * blockCost
	m.freed, m.last = 0, 0
}

// bytes returns the n bytes at the address, a view.
func (m *blocks) bytes(at, n uint64) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b := m.find(at)
	if b == nil || n > uint64(len(b.data))-(at-b.at) {
		return nil, errBlock
	}
	return b.data[at-b.at:][:n], nil
}

// whole returns the block that begins at the address; nil for address 0.
func (m *blocks) whole(at uint64) ([]byte, error) {
	if at == 0 {
		return nil, nil
	}
	n := m.length(at)
	if n == 0 {
		return nil, errBlock
	}
	return m.bytes(at, n)
}

func (m *blocks) load(at, n uint64) (uint64, error) {
	b, err := m.bytes(at, n)
	if err != nil {
		return 0, err
	}
	if n == 1 {
		return uint64(b[0]), nil
	}
	return binary.LittleEndian.Uint64(b), nil
}

func (m *blocks) store(at, n, v uint64) error {
	b, err := m.bytes(at, n)
	if err != nil {
		return err
	}
	if n == 1 {
		b[0] = byte(v)
	} else {
		binary.LittleEndian.PutUint64(b, v)
	}
	return nil
}
