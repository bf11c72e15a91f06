package wasmtest

// Raw is a module in the bytes of the binary format: functions that take and return
// nothing.
type Raw struct {
	// Export names the first function.
	Export string
	// Start makes it the start function too.
	Start bool
	// Functions are bodies, without their last end.
	Functions [][]byte
	// Locals are those of each function, of type i32.
	Locals int
	// Tables and Memory are limits: 0x00 and a minimum.
	Tables [][]byte
	Memory []byte
}

// Leb is n in the format's variable length.
func Leb(n int) []byte {
	var b []byte
	for {
		c := byte(n & 0x7f)
		if n >>= 7; n != 0 {
			b = append(b, c|0x80)
			continue
		}
		return append(b, c)
	}
}

// Sized is the bytes with their length before them.
func Sized(b []byte) []byte { return append(Leb(len(b)), b...) }

func list(items [][]byte) []byte {
	b := Leb(len(items))
	for _, i := range items {
		b = append(b, i...)
	}
	return b
}

// Bytes returns the module.
func (m Raw) Bytes() string {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, items [][]byte) {
		if len(items) > 0 {
			out = append(append(out, id), Sized(list(items))...)
		}
	}
	section(1, [][]byte{{0x60, 0, 0}})
	kinds, codes := make([][]byte, len(m.Functions)), make([][]byte, len(m.Functions))
	for i, body := range m.Functions {
		kinds[i] = []byte{0}
		var locals [][]byte
		if m.Locals > 0 {
			locals = [][]byte{append(Leb(m.Locals), 0x7f)}
		}
		codes[i] = Sized(append(append(list(locals), body...), 0x0b))
	}
	section(3, kinds)
	tables := make([][]byte, len(m.Tables))
	for i, t := range m.Tables {
		tables[i] = append([]byte{0x70}, t...)
	}
	section(4, tables)
	if m.Memory != nil {
		section(5, [][]byte{m.Memory})
	}
	if m.Export != "" {
		section(7, [][]byte{append(Sized([]byte(m.Export)), 0, 0)})
	}
	if m.Start {
		out = append(out, 8, 1, 0)
	}
	section(10, codes)
	return string(out)
}
