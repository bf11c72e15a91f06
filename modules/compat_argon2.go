package modules

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// argon2Natives are RFC 9106, version 0x13, in the variants i and id.
//
//	salt() → 16 bytes
//	hash(plain, salt, variant, timeCost, memoryCost, parallelism, hashLength) → bytes
//	verify(digest, plain) → boolean
//	parse(digest) → [variant, version, memoryCost, timeCost, parallelism]
var argon2Natives = map[string]Native{
	"salt":   argon2Salt,
	"hash":   argon2Hash,
	"verify": argon2Verify,
	"parse":  argon2Parse,
}

// Limits of what a hash may ask for. Memory, in KiB, is that of the worker: the
// original's default is just within it. maxArgon2Work is memory times passes, the
// time of about two seconds.
const (
	maxArgon2Memory = 64 << 10
	maxArgon2Work   = 1 << 20
	maxArgon2Lanes  = 64
	maxArgon2Key    = 1 << 10
)

// argon2Slot is held while one computes: two together might be more than a worker
// may hold.
var argon2Slot = make(chan struct{}, 1)

type argon2Setting struct {
	variant             string // i or id
	version             int
	memory, time, lanes int
	salt, key           []byte
}

func argon2Salt(c *Call, _ []any) (any, error) {
	b := make([]byte, 16)
	_, err := io.ReadFull(c.rand(), b)
	return b, err
}

func argon2Hash(c *Call, args []any) (any, error) {
	plain, err := secretBytes(c, args, 0)
	if err != nil {
		return nil, err
	}
	salt, _ := webBytes(args, 1)
	s := argon2Setting{salt: bytes.Clone(salt), version: argon2.Version}
	s.variant, _ = webString(args, 2)
	const most = 1<<31 - 1
	s.time, _ = webInt(args, 3, 0, most)
	s.memory, _ = webInt(args, 4, 0, most)
	s.lanes, _ = webInt(args, 5, 0, most)
	length, _ := webInt(args, 6, 0, most)
	if length < 4 || length > maxArgon2Key {
		return nil, argon2Refused("hashLength %d: it must be from 4 to %d", length, maxArgon2Key)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	plain = bytes.Clone(plain)
	return Task(func(ctx context.Context) (any, error) { return s.derive(ctx, plain, length) }), nil
}

func argon2Refused(format string, args ...any) error {
	return &Throw{Message: "argon2: " + fmt.Sprintf(format, args...)}
}

func (s *argon2Setting) check() error {
	switch {
	case s.variant == "d":
		return argon2Refused("argon2d is not available here; there are argon2i and argon2id")
	case s.variant != "i" && s.variant != "id":
		return argon2Refused("there is no variant %q", s.variant)
	case s.version != argon2.Version:
		return argon2Refused("version %d is not available here; there is %d", s.version, argon2.Version)
	case len(s.salt) < 8:
		return argon2Refused("the salt has %d bytes; it must have at least 8", len(s.salt))
	case s.lanes < 1 || s.lanes > maxArgon2Lanes:
		return argon2Refused("parallelism %d: it must be from 1 to %d", s.lanes, maxArgon2Lanes)
	case s.memory < 8*s.lanes || s.memory > maxArgon2Memory:
		return argon2Refused("memoryCost %d: it must be from %d (8 times parallelism) to %d KiB", s.memory, 8*s.lanes, maxArgon2Memory)
	case s.time < 1 || s.time*s.memory > maxArgon2Work:
		return argon2Refused("timeCost %d: it must be from 1 to %d at memoryCost %d", s.time, maxArgon2Work/s.memory, s.memory)
	}
	return nil
}

// derive computes, one at a time in this process.
func (s *argon2Setting) derive(ctx context.Context, plain []byte, length int) ([]byte, error) {
	select {
	case argon2Slot <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-argon2Slot }()
	if s.memory > 16<<10 {
		debug.FreeOSMemory() // the blocks of the one before may still be there
		defer debug.FreeOSMemory()
	}
	f := argon2.IDKey
	if s.variant == "i" {
		f = argon2.Key
	}
	return f(plain, s.salt, uint32(s.time), uint32(s.memory), uint8(s.lanes), uint32(length)), nil
}

func argon2Verify(c *Call, args []any) (any, error) {
	text, _ := webString(args, 0)
	plain, err := secretBytes(c, args, 1)
	if err != nil {
		return nil, err
	}
	s, err := parseArgon2(text)
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return nil, err
	}
	plain = bytes.Clone(plain)
	return Task(func(ctx context.Context) (any, error) {
		key, err := s.derive(ctx, plain, len(s.key))
		return subtle.ConstantTimeCompare(key, s.key) == 1, err
	}), nil
}

func argon2Parse(_ *Call, args []any) (any, error) {
	text, _ := webString(args, 0)
	s, err := parseArgon2(text)
	if err != nil {
		return nil, err
	}
	return []any{s.variant, float64(s.version), float64(s.memory), float64(s.time), float64(s.lanes)}, nil
}

// parseArgon2 reads the PHC string $argon2id$v=19$m=65536,t=3,p=4$salt$key. Without
// v it is version 16.
func parseArgon2(text string) (*argon2Setting, error) {
	bad := argon2Refused("the digest is no PHC string such as $argon2id$v=19$m=65536,t=3,p=4$…$…")
	parts := strings.Split(text, "$")
	if len(text) > 4*maxArgon2Key || len(parts) < 5 || parts[0] != "" || !strings.HasPrefix(parts[1], "argon2") {
		return nil, bad
	}
	s := &argon2Setting{variant: strings.TrimPrefix(parts[1], "argon2"), version: 16}
	rest := parts[2:]
	if v, ok := strings.CutPrefix(rest[0], "v="); ok {
		s.version, _ = strconv.Atoi(v)
		rest = rest[1:]
	}
	if len(rest) != 3 {
		return nil, bad
	}
	for _, p := range strings.Split(rest[0], ",") {
		name, value, _ := strings.Cut(p, "=")
		n, err := strconv.Atoi(value)
		switch {
		case name == "keyid" || name == "data":
			return nil, argon2Refused("a digest with associated data is not available here")
		case err != nil || n < 0 || n > 1<<30:
			return nil, bad
		case name == "m":
			s.memory = n
		case name == "t":
			s.time = n
		case name == "p":
			s.lanes = n
		default:
			return nil, bad
		}
	}
	var err error
	if s.salt, err = base64.RawStdEncoding.DecodeString(rest[1]); err != nil {
		return nil, bad
	}
	if s.key, err = base64.RawStdEncoding.DecodeString(rest[2]); err != nil || len(s.key) < 4 || len(s.key) > maxArgon2Key {
		return nil, bad
	}
	return s, nil
}
