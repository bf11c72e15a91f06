package tdswire

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Types, as TYPE_INFO numbers them.
const (
	typeNull           = 0x1f
	typeInt1           = 0x30
	typeBit            = 0x32
	typeInt2           = 0x34
	typeInt4           = 0x38
	typeDateTime4      = 0x3a
	typeFlt4           = 0x3b
	typeMoney          = 0x3c
	typeDateTime       = 0x3d
	typeFlt8           = 0x3e
	typeMoney4         = 0x7a
	typeInt8           = 0x7f
	typeGUID           = 0x24
	typeIntN           = 0x26
	typeDateN          = 0x28
	typeTimeN          = 0x29
	typeDateTime2N     = 0x2a
	typeDateTimeOffset = 0x2b
	typeBitN           = 0x68
	typeDecimalN       = 0x6a
	typeNumericN       = 0x6c
	typeFltN           = 0x6d
	typeMoneyN         = 0x6e
	typeDateTimeN      = 0x6f
	typeVarBinary      = 0xa5
	typeVarChar        = 0xa7
	typeBinary         = 0xad
	typeChar           = 0xaf
	typeNVarChar       = 0xe7
	typeNChar          = 0xef
	typeImage          = 0x22
	typeText           = 0x23
	typeNText          = 0x63
	typeVariant        = 0x62
	typeUDT            = 0xf0
	typeXML            = 0xf1
)

// A Column is what the server says of one.
type Column struct {
	Name             string
	UserType         uint32
	Flags            uint16
	Type             byte
	Length           int // in bytes; -1 where there is no bound
	Precision, Scale byte
	Collation        [5]byte
}

// fixed are the sizes of the types that have one.
var fixed = map[byte]int{typeNull: 0, typeInt1: 1, typeBit: 1, typeInt2: 2, typeInt4: 4, typeDateTime4: 4, typeFlt4: 4, typeMoney: 8, typeDateTime: 8, typeFlt8: 8, typeMoney4: 4, typeInt8: 8}

func (r *reader) columns() []Column {
	n := int(r.u16())
	if n == 0xffff {
		return nil
	}
	if n > maxColumns {
		r.fail("a result has too many columns")
		return nil
	}
	var out []Column
	for range n {
		r.hold(columnSize)
		if r.err != nil {
			return nil
		}
		c := Column{UserType: r.u32(), Flags: r.u16()}
		r.typeInfo(&c)
		if c.Type == typeText || c.Type == typeNText || c.Type == typeImage {
			for range r.u8() { // the table's name in parts
				r.long()
			}
		}
		c.Name = r.short()
		out = append(out, c)
	}
	return out
}

func (r *reader) typeInfo(c *Column) {
	c.Type = r.u8()
	if n, ok := fixed[c.Type]; ok {
		c.Length = n
		return
	}
	switch c.Type {
	case typeGUID, typeIntN, typeBitN, typeFltN, typeMoneyN, typeDateTimeN:
		c.Length = int(r.u8())
	case typeDecimalN, typeNumericN:
		c.Length, c.Precision, c.Scale = int(r.u8()), r.u8(), r.u8()
		if c.Scale > 38 {
			r.fail("a number has too many places")
		}
	case typeDateN:
		c.Length = 3
	case typeTimeN, typeDateTime2N, typeDateTimeOffset:
		if c.Scale = r.u8(); c.Scale > 7 {
			r.fail("a time has too many places")
		}
	case typeVarChar, typeChar, typeNVarChar, typeNChar, typeVarBinary, typeBinary:
		if c.Length = int(r.u16()); c.Length == 0xffff {
			c.Length = -1
		}
		if c.Type != typeVarBinary && c.Type != typeBinary {
			copy(c.Collation[:], r.bytes(5))
		}
	case typeText, typeNText:
		c.Length = int(r.u32())
		copy(c.Collation[:], r.bytes(5))
	case typeImage, typeVariant:
		c.Length = int(r.u32())
	case typeXML:
		c.Length = -1
		if r.u8() != 0 {
			r.short()
			r.short()
			r.long()
		}
	case typeUDT:
		c.Length = -1
		r.u16()
		r.short()
		r.short()
		r.short()
		r.long()
	default:
		r.fail("a column of type " + strconv.Itoa(int(c.Type)) + ", which is not known")
	}
}

func (r *reader) row(columns []Column, nulls bool) Row {
	if columns == nil {
		r.fail("a row without columns")
		return nil
	}
	// Values that are NULL take room here, and none on the wire.
	if r.hold(valueSize * len(columns)); r.err != nil {
		return nil
	}
	row := make(Row, len(columns))
	var bitmap []byte
	if nulls {
		bitmap = r.bytes((len(columns) + 7) / 8)
	}
	for i := range columns {
		if r.err != nil {
			return nil
		}
		if nulls && bitmap[i/8]&(1<<(i%8)) != 0 {
			continue
		}
		row[i] = r.value(&columns[i])
	}
	return row
}

// value reads one value: nil, bool, int64, string (of bigints, too), float64,
// []byte or time.Time. Of a date or a time the rest is that of 1970-01-01.
func (r *reader) value(c *Column) any {
	n, ok := fixed[c.Type]
	if ok {
		if n == 0 {
			return nil
		}
		return r.scalar(c, r.bytes(n))
	}
	switch c.Type {
	case typeVarChar, typeChar, typeNVarChar, typeNChar, typeVarBinary, typeBinary, typeXML, typeUDT:
		if c.Length < 0 {
			b := r.parts()
			if b == nil {
				return nil
			}
			return r.scalar(c, b)
		}
		n := int(r.u16())
		if n == 0xffff {
			return nil
		}
		return r.scalar(c, r.bytes(n))
	case typeText, typeNText, typeImage:
		pointer := int(r.u8())
		if pointer == 0 {
			return nil
		}
		r.bytes(pointer + 8)
		return r.scalar(c, r.bytes(int(int32(r.u32()))))
	case typeVariant:
		return r.variant()
	}
	if n = int(r.u8()); n == 0 {
		return nil
	}
	return r.scalar(c, r.bytes(n))
}

// parts reads a value of parts whose length is not bounded; nil is NULL. Memory
// grows with what comes: the announced length is not believed.
func (r *reader) parts() []byte {
	if r.u64() == math.MaxUint64 || r.err != nil {
		return nil
	}
	out := []byte{}
	for r.err == nil {
		n := int(r.u32())
		if n == 0 {
			break
		}
		out = append(out, r.bytes(n)...)
	}
	return out
}

func (r *reader) variant() any {
	total := int(int32(r.u32()))
	if total == 0 {
		return nil
	}
	c := Column{Type: r.u8()}
	props := int(r.u8())
	p := r.bytes(props)
	switch c.Type {
	case typeDecimalN, typeNumericN:
		if len(p) == 2 {
			c.Precision, c.Scale = p[0], p[1]
		}
	case typeTimeN, typeDateTime2N, typeDateTimeOffset:
		if len(p) == 1 {
			c.Scale = p[0]
		}
	case typeVarChar, typeChar, typeNVarChar, typeNChar:
		copy(c.Collation[:], p)
	}
	if c.Scale > 38 || total < 2+props {
		r.fail("a variant makes no sense")
		return nil
	}
	return r.scalar(&c, r.bytes(total-2-props))
}

// scalar turns the bytes of a value into it.
func (r *reader) scalar(c *Column, b []byte) any {
	if r.err != nil {
		return nil
	}
	v, ok := decode(c, b)
	if !ok {
		r.fail("a value has a length that its type cannot have")
		return nil
	}
	return v
}

func decode(c *Column, b []byte) (v any, ok bool) {
	switch c.Type {
	case typeNVarChar, typeNChar, typeNText, typeXML:
		if c.Type == typeXML && len(b) >= 2 && b[0] == 0xff && b[1] == 0xfe {
			b = b[2:]
		}
		return text16(b), len(b)%2 == 0
	case typeVarChar, typeChar, typeText:
		return codepage(c.Collation, b), true
	case typeVarBinary, typeBinary, typeImage, typeUDT:
		return b, true
	case typeBit, typeBitN:
		return len(b) == 1 && b[0] != 0, len(b) == 1
	case typeInt1, typeInt2, typeInt4, typeInt8, typeIntN:
		return integer(b)
	case typeFlt4, typeFlt8, typeFltN:
		switch len(b) {
		case 4:
			return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), true
		case 8:
			return math.Float64frombits(binary.LittleEndian.Uint64(b)), true
		}
	case typeMoney, typeMoney4, typeMoneyN:
		switch len(b) {
		case 4:
			return float64(int32(binary.LittleEndian.Uint32(b))) / 10000, true
		case 8:
			return float64(int64(binary.LittleEndian.Uint32(b))<<32|int64(binary.LittleEndian.Uint32(b[4:]))) / 10000, true
		}
	case typeDecimalN, typeNumericN:
		if len(b) > 1 && len(b) <= 17 { // before the work: a variant's bytes are as many as it likes
			return decimal(b, c.Scale), true
		}
	case typeGUID:
		if len(b) == 16 {
			return guid(b), true
		}
	default:
		return moment(c, b)
	}
	return nil, false
}

func integer(b []byte) (any, bool) {
	switch len(b) {
	case 1:
		return int64(b[0]), true
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b))), true
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b))), true
	case 8: // JavaScript has no such number
		return strconv.FormatInt(int64(binary.LittleEndian.Uint64(b)), 10), true
	}
	return nil, false
}

// decimal is the number nearest to a sign and an integer, over a power of ten.
func decimal(b []byte, scale byte) any {
	if len(b) < 2 {
		return nil
	}
	n := make([]byte, len(b)-1)
	for i := range n {
		n[len(n)-1-i] = b[1+i]
	}
	f, _ := new(big.Rat).SetFrac(new(big.Int).SetBytes(n), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)).Float64()
	if b[0] == 0 {
		f = -f
	}
	return f
}

func guid(b []byte) string {
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, 36)
	for i, at := range []int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out = append(out, '-')
		}
		out = append(out, hex[b[at]>>4], hex[b[at]&15])
	}
	return string(out)
}

func moment(c *Column, b []byte) (any, bool) {
	switch c.Type {
	case typeDateTime, typeDateTime4, typeDateTimeN:
		switch len(b) {
		case 4:
			return epoch1900.AddDate(0, 0, int(binary.LittleEndian.Uint16(b))).Add(time.Duration(binary.LittleEndian.Uint16(b[2:])) * time.Minute), true
		case 8:
			days, ticks := int32(binary.LittleEndian.Uint32(b)), int64(binary.LittleEndian.Uint32(b[4:]))
			ms := (ticks*10 + 1) / 3 // of 1/300 s, to the nearest
			return epoch1900.AddDate(0, 0, int(days)).Add(time.Duration(ms) * time.Millisecond), days > -1_000_000 && days < 4_000_000
		}
	case typeDateN:
		if len(b) == 3 {
			return epoch.AddDate(0, 0, days(b)), true
		}
	case typeTimeN:
		if len(b) >= 3 && len(b) <= 5 {
			return time.Unix(0, 0).UTC().Add(clock(b, c.Scale)), true
		}
	case typeDateTime2N:
		if n := len(b) - 3; n >= 3 && n <= 5 {
			return epoch.AddDate(0, 0, days(b[n:])).Add(clock(b[:n], c.Scale)), true
		}
	case typeDateTimeOffset: // the time is that of UTC already
		if n := len(b) - 5; n >= 3 && n <= 5 {
			return epoch.AddDate(0, 0, days(b[n:])).Add(clock(b[:n], c.Scale)), true
		}
	}
	return nil, false
}

func days(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// clock is the time of a day, of units of ten to the power of minus scale.
func clock(b []byte, scale byte) time.Duration {
	var n int64
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | int64(b[i])
	}
	for ; scale < 7; scale++ {
		n *= 10
	}
	return time.Duration(n%(864_000_000_000*2)) * 100
}

// codepage decodes text of a collation that is not Unicode. Of the code pages of
// more than one byte only UTF-8 is known.
func codepage(collation [5]byte, b []byte) string {
	flags := binary.LittleEndian.Uint32(collation[:])
	if flags&(1<<26) != 0 { // UTF-8
		return string(b)
	}
	ascii := true
	for _, c := range b {
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return string(b)
	}
	out, err := pageOf(flags&0xfffff, collation[4]).NewDecoder().Bytes(b)
	if err != nil {
		return string(b)
	}
	return string(out)
}

// pageOf is the code page of a locale or, for the oldest collations, of a sort order.
func pageOf(locale uint32, sort byte) *charmap.Charmap {
	switch {
	case sort >= 30 && sort <= 35:
		return charmap.CodePage437
	case sort >= 40 && sort <= 49, sort >= 55 && sort <= 61:
		return charmap.CodePage850
	}
	switch locale & 0xffff {
	case 0x405, 0x40e, 0x415, 0x418, 0x41a, 0x41b, 0x41c, 0x424, 0x442, 0x81a, 0x104e:
		return charmap.Windows1250
	case 0x402, 0x419, 0x422, 0x423, 0x42f, 0x43f, 0x444, 0x450, 0x82c, 0x843, 0xc1a, 0x46d, 0x485:
		return charmap.Windows1251
	case 0x408:
		return charmap.Windows1253
	case 0x41f, 0x42c, 0x443:
		return charmap.Windows1254
	case 0x40d:
		return charmap.Windows1255
	case 0x401, 0x420, 0x429, 0x480, 0x48c, 0x801:
		return charmap.Windows1256
	case 0x425, 0x426, 0x427, 0x827:
		return charmap.Windows1257
	case 0x42a:
		return charmap.Windows1258
	case 0x41e:
		return charmap.Windows874
	}
	return charmap.Windows1252
}
