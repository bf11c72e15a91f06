package tdswire

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"
)

// A Param is a parameter of a procedure. Texts travel as Unicode whatever their
// declaration: the server turns them into it.
type Param struct {
	Name   string // with its @; empty for those known by their place
	Output bool
	// Type is one of bit, tinyint, smallint, int, bigint, real, float, decimal,
	// money, text, binary, uniqueidentifier, datetime, smalldatetime, date, time,
	// datetime2, datetimeoffset.
	Type             string
	Precision, Scale byte
	// Value is nil, bool, float64, string, []byte or time.Time, as the type has it:
	// numbers may be text.
	Value any
}

// A ParamError is a value that its type cannot have. Nothing was sent.
type ParamError struct{ Name, What string }

func (e *ParamError) Error() string {
	return fmt.Sprintf("Validation failed for parameter '%s'. %s", strings.TrimPrefix(e.Name, "@"), e.What)
}

func (c *Conn) appendParam(b []byte, p *Param) ([]byte, error) {
	name := ucs2(p.Name)
	if len(name)/2 > 128 {
		return nil, &ParamError{p.Name, "Its name is too long."}
	}
	status := byte(0)
	if p.Output {
		status = 1
	}
	b = append(append(append(b, byte(len(name)/2)), name...), status)
	switch p.Type {
	case "bit":
		return sized(b, typeBitN, 1, p, func(p *Param) ([]byte, bool) {
			on, ok := p.Value.(bool)
			if on {
				return []byte{1}, ok
			}
			return []byte{0}, ok
		})
	case "tinyint":
		return sized(b, typeIntN, 1, p, whole(1, 0, 255))
	case "smallint":
		return sized(b, typeIntN, 2, p, whole(2, math.MinInt16, math.MaxInt16))
	case "int":
		return sized(b, typeIntN, 4, p, whole(4, math.MinInt32, math.MaxInt32))
	case "bigint":
		return sized(b, typeIntN, 8, p, whole(8, math.MinInt64, math.MaxInt64))
	case "real":
		return sized(b, typeFltN, 4, p, func(p *Param) ([]byte, bool) {
			f, ok := p.Value.(float64)
			return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(f))), ok
		})
	case "float":
		return sized(b, typeFltN, 8, p, func(p *Param) ([]byte, bool) {
			f, ok := p.Value.(float64)
			return binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)), ok
		})
	case "money":
		return sized(b, typeMoneyN, 8, p, func(p *Param) ([]byte, bool) {
			n, ok := scaled(p.Value, 4)
			if !ok || !n.IsInt64() {
				return nil, false
			}
			v := uint64(n.Int64())
			return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(v>>32)), uint32(v)), true
		})
	case "decimal":
		return number(b, p)
	case "uniqueidentifier":
		return sized(b, typeGUID, 16, p, guidBytes)
	case "text", "binary":
		return c.varying(b, p)
	case "datetime":
		return sized(b, typeDateTimeN, 8, p, datetime)
	case "smalldatetime":
		return sized(b, typeDateTimeN, 4, p, func(p *Param) ([]byte, bool) {
			t, ok := p.Value.(time.Time)
			day, rest := since(epoch1900, t)
			return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, uint16(day)), uint16(rest/time.Minute)), ok && day >= 0 && day <= math.MaxUint16
		})
	}
	return dated(b, p)
}

// sized writes a type whose length is in one byte, and the value.
func sized(b []byte, kind, size byte, p *Param, encode func(*Param) ([]byte, bool)) ([]byte, error) {
	b = append(b, kind, size)
	if p.Value == nil {
		return append(b, 0), nil
	}
	v, ok := encode(p)
	if !ok {
		return nil, &ParamError{p.Name, "Invalid " + p.Type + "."}
	}
	return append(append(b, byte(len(v))), v...), nil
}

// scaled is a number times ten to the power of n, rounded half away from zero.
func scaled(v any, n int64) (*big.Int, bool) {
	r := new(big.Rat)
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, false
		}
		// Its decimal form, as JavaScript shows it, not its binary one.
		r.SetString(fmt.Sprint(v))
	case string:
		if len(v) > 100 || strings.ContainsAny(v, "eEpPxX/_") {
			return nil, false
		}
		if _, ok := r.SetString(strings.TrimSpace(v)); !ok {
			return nil, false
		}
	default:
		return nil, false
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil)))
	half := big.NewRat(1, 2)
	if r.Sign() < 0 {
		half.Neg(half)
	}
	r.Add(r, half)
	return new(big.Int).Quo(r.Num(), r.Denom()), true
}

func whole(size int, low, high int64) func(*Param) ([]byte, bool) {
	return func(p *Param) ([]byte, bool) {
		v := p.Value
		if f, ok := v.(float64); ok {
			v = math.Trunc(f)
		}
		n, ok := scaled(v, 0)
		if !ok || !n.IsInt64() || n.Int64() < low || n.Int64() > high {
			return nil, false
		}
		return binary.LittleEndian.AppendUint64(nil, uint64(n.Int64()))[:size], true
	}
}

func number(b []byte, p *Param) ([]byte, error) {
	size := byte(17)
	switch {
	case p.Precision < 1 || p.Precision > 38 || p.Scale > p.Precision:
		return nil, &ParamError{p.Name, "Invalid precision or scale."}
	case p.Precision <= 9:
		size = 5
	case p.Precision <= 19:
		size = 9
	case p.Precision <= 28:
		size = 13
	}
	b = append(b, typeDecimalN, size, p.Precision, p.Scale)
	if p.Value == nil {
		return append(b, 0), nil
	}
	n, ok := scaled(p.Value, int64(p.Scale))
	if !ok || new(big.Int).Abs(n).Cmp(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(p.Precision)), nil)) >= 0 {
		return nil, &ParamError{p.Name, "Invalid number."}
	}
	v := make([]byte, size-1)
	n.FillBytes(v)
	sign := byte(1)
	if n.Sign() < 0 {
		sign = 0
	}
	b = append(b, size, sign)
	for i := len(v) - 1; i >= 0; i-- {
		b = append(b, v[i])
	}
	return b, nil
}

func guidBytes(p *Param) ([]byte, bool) {
	s, _ := p.Value.(string)
	s = strings.ReplaceAll(strings.Trim(s, "{}"), "-", "")
	raw := new(big.Int)
	if _, ok := raw.SetString(s, 16); len(s) != 32 || !ok || raw.Sign() < 0 {
		return nil, false
	}
	b := raw.FillBytes(make([]byte, 16))
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}, true
}

// varying writes text and bytes: up to 8000 bytes with their length before them,
// beyond as parts.
func (c *Conn) varying(b []byte, p *Param) ([]byte, error) {
	var v []byte
	ok := p.Value == nil
	kind := byte(typeVarBinary)
	if p.Type == "text" {
		kind = typeNVarChar
		if s, is := p.Value.(string); is {
			v, ok = ucs2(s), true
		}
	} else if raw, is := p.Value.([]byte); is {
		v, ok = raw, true
	}
	if !ok {
		return nil, &ParamError{p.Name, "Invalid " + map[string]string{"text": "string", "binary": "buffer"}[p.Type] + "."}
	}
	large := len(v) > 8000 || p.Output
	b = append(b, kind)
	if large {
		b = append(b, 0xff, 0xff)
	} else {
		b = binary.LittleEndian.AppendUint16(b, 8000)
	}
	if kind == typeNVarChar {
		b = append(b, c.collation[:]...)
	}
	switch {
	case p.Value == nil && large:
		return binary.LittleEndian.AppendUint64(b, math.MaxUint64), nil
	case p.Value == nil:
		return append(b, 0xff, 0xff), nil
	case !large:
		return append(binary.LittleEndian.AppendUint16(b, uint16(len(v))), v...), nil
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(len(v)))
	if len(v) > 0 {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(v))), v...)
	}
	return append(b, 0, 0, 0, 0), nil
}

// since is how many days a time is after another, and the rest of its day.
func since(from, t time.Time) (int, time.Duration) {
	sec := t.Unix() - from.Unix()
	day := sec / 86400
	if sec%86400 < 0 {
		day--
	}
	return int(day), time.Duration(sec-day*86400)*time.Second + time.Duration(t.Nanosecond())
}

func datetime(p *Param) ([]byte, bool) {
	t, ok := p.Value.(time.Time)
	day, rest := since(epoch1900, t)
	ticks := (int64(rest/time.Millisecond)*3 + 5) / 10
	if ticks == 300*86400 {
		day, ticks = day+1, 0
	}
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(int32(day))), uint32(ticks)), ok && day >= -53690 && day < 2958464
}

// dated writes the newer types of dates and times.
func dated(b []byte, p *Param) ([]byte, error) {
	bad := &ParamError{p.Name, "Invalid date."}
	size, units := 3, int64(1)
	switch {
	case p.Scale > 7:
		return nil, &ParamError{p.Name, "Invalid scale."}
	case p.Scale > 4:
		size = 5
	case p.Scale > 2:
		size = 4
	}
	for range 7 - p.Scale {
		units *= 10
	}
	switch p.Type {
	case "date":
		b = append(b, typeDateN)
	case "time":
		b = append(b, typeTimeN, p.Scale)
	case "datetime2":
		b = append(b, typeDateTime2N, p.Scale)
	case "datetimeoffset":
		b = append(b, typeDateTimeOffset, p.Scale)
	default:
		return nil, &ParamError{p.Name, "Its type is not known here."}
	}
	if p.Value == nil {
		return append(b, 0), nil
	}
	t, ok := p.Value.(time.Time)
	day, rest := since(epoch, t)
	if !ok || day < 0 || day > 3652058 {
		return nil, bad
	}
	var v []byte
	if p.Type != "date" {
		v = binary.LittleEndian.AppendUint64(nil, uint64(int64(rest)/100/units))[:size]
	}
	if p.Type != "time" {
		v = append(v, byte(day), byte(day>>8), byte(day>>16))
	}
	if p.Type == "datetimeoffset" {
		v = append(v, 0, 0)
	}
	return append(append(b, byte(len(v))), v...), nil
}
