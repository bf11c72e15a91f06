package modules

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	//lint:ignore SA1019 bcrypt is Blowfish by definition
	"golang.org/x/crypto/blowfish"
)

// bcryptNatives is bcrypt, as OpenBSD has it, with the prefixes 2a, 2b and 2y,
// which mean the same here. What is sync runs at once, on the script's time.
//
//	salt(rounds, minor) → "$2b$10$…"
//	hash(password, salt, async) → 60 characters
//	compare(password, hash, async) → boolean
var bcryptNatives = map[string]Native{
	"salt":    bcryptSalt,
	"hash":    bcryptHash,
	"compare": bcryptCompare,
}

const (
	bcryptMinCost  = 4
	bcryptMaxCost  = 31
	bcryptSaltLen  = 16
	bcryptMaxBytes = 72 // of a password: the rest does not count
)

// bcryptText is bcrypt's own order of the base64 alphabet.
var bcryptText = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)

func bcryptSalt(c *Call, args []any) (any, error) {
	rounds, ok := webInt(args, 0, -1<<31, 1<<31-1)
	if !ok {
		rounds = 10
	}
	minor, _ := webString(args, 1)
	if minor != "a" && minor != "y" {
		minor = "b"
	}
	var b [bcryptSaltLen]byte
	if _, err := io.ReadFull(c.rand(), b[:]); err != nil {
		return nil, err
	}
	cost := min(max(rounds, bcryptMinCost), bcryptMaxCost)
	return fmt.Sprintf("$2%s$%02d$%s", minor, cost, bcryptText.EncodeToString(b[:])), nil
}

// bcryptSetting is what a salt or a hash starts with.
type bcryptSetting struct {
	prefix string // $2b$10$ and 22 characters of salt
	cost   int
	salt   []byte
}

// parseBcrypt reads the first 29 characters of s; more may follow.
func parseBcrypt(s string) (bcryptSetting, bool) {
	if len(s) < 29 || s[0] != '$' || s[1] != '2' || !strings.Contains("aby", s[2:3]) || s[3] != '$' || s[6] != '$' {
		return bcryptSetting{}, false
	}
	if s[4] < '0' || s[4] > '3' || s[5] < '0' || s[5] > '9' {
		return bcryptSetting{}, false
	}
	cost := int(s[4]-'0')*10 + int(s[5]-'0')
	// 22 characters hold 132 bits; the last four are not used.
	salt, err := bcryptText.DecodeString(s[7:29])
	if err != nil || cost < bcryptMinCost || cost > bcryptMaxCost {
		return bcryptSetting{}, false
	}
	return bcryptSetting{prefix: s[:7] + bcryptText.EncodeToString(salt[:bcryptSaltLen]), cost: cost, salt: salt[:bcryptSaltLen]}, true
}

func bcryptPassword(v any) []byte {
	var b []byte
	switch v := v.(type) {
	case string:
		b = []byte(v)
	case []byte:
		b = bytes.Clone(v)
	}
	return append(b, 0)[:min(len(b)+1, bcryptMaxBytes)]
}

func bcryptHash(c *Call, args []any) (any, error) {
	password := bcryptPassword(webArg(args, 0))
	text, _ := webString(args, 1)
	set, ok := parseBcrypt(text)
	if !ok {
		return nil, &Throw{Message: "Invalid salt. Salt must be in the form of: $Vers$log2(NumRounds)$saltvalue"}
	}
	async, _ := webArg(args, 2).(bool)
	return maybeAsync(c, async, func(ctx context.Context) (any, error) { return set.hash(ctx, password) })
}

func bcryptCompare(c *Call, args []any) (any, error) {
	password := bcryptPassword(webArg(args, 0))
	text, _ := webString(args, 1)
	set, ok := parseBcrypt(text)
	async, _ := webArg(args, 2).(bool)
	if !ok || len(text) != 60 { // not a hash: nothing is equal to it
		if async {
			return Task(func(context.Context) (any, error) { return false, nil }), nil
		}
		return false, nil
	}
	return maybeAsync(c, async, func(ctx context.Context) (any, error) {
		got, err := set.hash(ctx, password)
		if err != nil {
			return nil, err
		}
		want := set.prefix + text[29:]
		return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1, nil
	})
}

// hash is the algorithm. It ends early when ctx does: at cost 31 it would run for
// days.
func (b bcryptSetting) hash(ctx context.Context, password []byte) (string, error) {
	cipher, err := blowfish.NewSaltedCipher(password, b.salt)
	if err != nil {
		return "", err
	}
	for i := range uint64(1) << b.cost {
		if i&0x3f == 0 && ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		blowfish.ExpandKey(password, cipher)
		blowfish.ExpandKey(b.salt, cipher)
	}
	text := []byte("OrpheanBeholderScryDoubt")
	for i := 0; i < len(text); i += 8 {
		for range 64 {
			cipher.Encrypt(text[i:i+8], text[i:i+8])
		}
	}
	return b.prefix + bcryptText.EncodeToString(text[:23]), nil
}
