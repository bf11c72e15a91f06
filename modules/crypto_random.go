package modules

import (
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
)

const maxRandom = 16 << 20 // bytes of one call

// randomNatives: bytes(n), fill(view), uuid(), below(n), equal(a, b).
var randomNatives = map[string]Native{
	"bytes": func(c *Call, args []any) (any, error) {
		n, ok := webInt(args, 0, 0, maxRandom)
		if !ok {
			return nil, &Throw{Class: "RangeError", Message: fmt.Sprintf("randomBytes gives at most %d bytes a call", maxRandom), Props: Object{{"code", "ERR_OUT_OF_RANGE"}}}
		}
		b := make([]byte, n)
		_, err := io.ReadFull(c.rand(), b)
		if enc, ok := webString(args, 1); ok {
			return encoded(b, enc), err
		}
		return b, err
	},
	"fill":  randomFill,
	"uuid":  randomUUID,
	"below": randomBelow,
	"equal": func(c *Call, args []any) (any, error) {
		a, _ := webBytes(args, 0)
		b, _ := webBytes(args, 1)
		return subtle.ConstantTimeCompare(a, b) == 1, nil
	},
}

// webcryptoNatives are what the global crypto needs by itself.
var webcryptoNatives = map[string]Native{"fill": randomFill, "uuid": randomUUID}

// randomFill writes to the script's memory: that is its purpose.
func randomFill(c *Call, args []any) (any, error) {
	b, _ := webBytes(args, 0)
	_, err := io.ReadFull(c.rand(), b)
	return nil, err
}

func randomUUID(c *Call, args []any) (any, error) {
	var u [16]byte
	if _, err := io.ReadFull(c.rand(), u[:]); err != nil {
		return nil, err
	}
	u[6] = u[6]&0x0f | 0x40 // version 4
	u[8] = u[8]&0x3f | 0x80 // variant of RFC 9562
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}

// randomBelow returns a number in [0, n), n ≤ 2⁴⁸, without bias.
func randomBelow(c *Call, args []any) (any, error) {
	n, ok := webInt(args, 0, 1, 1<<48)
	if !ok {
		return nil, &Throw{Class: "RangeError", Message: "range is too large", Props: Object{{"code", "ERR_OUT_OF_RANGE"}}}
	}
	limit := uint64(1<<48) - uint64(1<<48)%uint64(n)
	for {
		var b [6]byte
		if _, err := io.ReadFull(c.rand(), b[:]); err != nil {
			return nil, err
		}
		v := uint64(b[0])<<40 | uint64(b[1])<<32 | uint64(b[2])<<24 | uint64(b[3])<<16 | uint64(b[4])<<8 | uint64(b[5])
		if v < limit {
			return float64(v % uint64(n)), nil
		}
	}
}
