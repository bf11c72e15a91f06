package modules

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nodeHostileArgs are values that no module of ours gives its natives, but that a
// bug could.
var nodeHostileArgs = []any{
	nil, true, math.NaN(), math.Inf(1), -1.0, 1e300, "", "\xff", strings.Repeat("x", 1000), []byte(nil), []byte{0xff, 0xfe},
	[]any{}, []any{nil, 1.0, []any{}}, Object{}, Object{{"a", nil}},
}

// TestNodeNativesTakeAnything calls every native with every kind of argument. None
// may panic.
func TestNodeNativesTakeAnything(t *testing.T) {
	for _, m := range nodeModules() {
		for name, native := range m.Natives {
			for _, args := range nodeArgLists() {
				assert.NotPanics(t, func() {
					v, err := native(&Call{Ctx: context.Background()}, args)
					if task, ok := v.(Task); ok && err == nil {
						task(context.Background())
					}
				}, "%s.%s(%v)", m.Name, name, args)
			}
		}
	}
}

func nodeArgLists() [][]any {
	lists := [][]any{nil}
	for _, a := range nodeHostileArgs {
		lists = append(lists, []any{a})
		for _, b := range nodeHostileArgs {
			lists = append(lists, []any{a, b, a, b, a, b}, []any{"gunzip", a, b, b, b, a}, []any{b, "utf8", a}, []any{a, "utf16le", b})
		}
	}
	return lists
}

func TestTableIsSound(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range nodeModules() {
		assert.False(t, seen[m.Name], "%s is there twice", m.Name)
		seen[m.Name] = true
		assert.Equal(t, strings.HasPrefix(m.Name, "internal/"), m.Internal, m.Name)
		assert.NotEqual(t, m.Source == "", m.Retired == "", "%s has a source or advice, not both", m.Name)
		for _, n := range m.Natives {
			assert.NotNil(t, n, m.Name)
		}
		for name := range m.Natives {
			assert.Contains(t, m.Source, "native", "%s does not use its native %s", m.Name, name)
		}
	}
	for _, g := range nodeGlobals() {
		assert.True(t, seen[g.Module], "global %s comes from no module", g.Name)
	}
}

func TestZlibStopsBombs(t *testing.T) {
	big, err := zlibJob{op: "gzip", in: make([]byte, 8<<20), level: -1, max: maxNative}.run(context.Background())
	require.NoError(t, err)
	require.Less(t, len(big.([]byte)), 1<<14)
	_, err = zlibJob{op: "gunzip", in: big.([]byte), max: 1 << 20}.run(context.Background())
	var thrown *Throw
	require.ErrorAs(t, err, &thrown)
	require.Equal(t, "ERR_BUFFER_TOO_LARGE", thrown.Props.Get("code"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = zlibJob{op: "gunzip", in: big.([]byte), max: maxNative}.run(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// TestURLIsLinear parses what would take hours if any state were quadratic.
func TestURLIsLinear(t *testing.T) {
	for _, unit := range []string{"@", ":", "/", "../", "a.", "%41", "?", "#", "[", "\\", "é"} {
		for _, prefix := range []string{"http://", "foo://", "file://", "x:", "http://a/", "http://a?", ""} {
			parseWebURL(prefix+strings.Repeat(unit, 1<<20/len(unit)), nil)
		}
	}
}

func FuzzURL(f *testing.F) {
	for _, s := range []string{"http://a/b?c#d", "file:///C|/x", "http://[::1.2.3.4]:80/", "a:b@c/d", "//x\\y", "http://0x7f.1", "http://xn--a/", "foo://é:1/..", "http://a%2fb"} {
		f.Add(s, "http://base/x/y?z")
		f.Add(s, "foo:opaque")
	}
	f.Fuzz(func(t *testing.T, input, base string) {
		if !utf8.ValidString(input) || !utf8.ValidString(base) {
			return // strings of scripts arrive well-formed
		}
		b, _ := parseWebURL(base, nil)
		u, ok := parseWebURL(input, b)
		if !ok {
			return
		}
		// What was serialized parses to itself.
		href := u.href()
		again, ok := parseWebURL(href, nil)
		if !ok {
			t.Fatalf("%q gave %q, which does not parse", input, href)
		}
		if again.href() != href {
			t.Fatalf("%q gave %q, which gives %q", input, href, again.href())
		}
		for _, property := range []string{"protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"} {
			c, _ := parseWebURL(href, nil)
			c.set(property, base)
			if _, ok := parseWebURL(c.href(), nil); !ok {
				t.Fatalf("%q with %s set to %q is %q, which does not parse", href, property, base, c.href())
			}
		}
	})
}

func FuzzForm(f *testing.F) {
	f.Add("a=1&b=%20+%zz&=&&c")
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return // strings of scripts arrive well-formed
		}
		list := parseForm(s)
		flat := make([]any, len(list))
		for i, v := range list {
			flat[i] = v
		}
		out, err := formNatives["serialize"](nil, []any{flat})
		if err != nil {
			t.Fatal(err)
		}
		if !assert.Equal(t, list, parseForm(out.(string))) {
			t.Fatal(s)
		}
		if _, err := url.ParseQuery(out.(string)); err != nil {
			t.Fatalf("Go does not read %q: %v", out, err)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add([]byte("é€😀"))
	f.Add([]byte{0xe2, 0x82, 0xf0, 0x9f, 0xff, 0xed, 0xa0, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := nodeUTF8(b)
		if !utf8.ValidString(s) || utf8.Valid(b) && s != string(b) {
			t.Fatalf("%x became %q", b, s)
		}
		// In pieces it gives the same as whole.
		for cut := range b {
			first, used, _ := decodeStream(b[:cut], "utf-8", false)
			rest, _, _ := decodeStream(b[used:], "utf-8", true)
			if first+rest != s {
				t.Fatalf("%x cut at %d gives %q, whole %q", b, cut, first+rest, s)
			}
		}
		for _, enc := range []string{"hex", "base64", "base64url", "latin1"} {
			text, _ := nodeDecode(b, enc)
			if back := nodeEncode(text, enc); !bytes.Equal(back, b) {
				t.Fatalf("%s: %x came back as %x", enc, b, back)
			}
		}
		if text, ok := nodeUTF16(b); ok && len(b)%2 == 0 && !bytes.Equal(nodeEncode(text, "utf16le"), b) {
			t.Fatalf("utf16le: %x", b)
		}
		if nodeSize := textSize(string(b), "latin1"); nodeSize != len(nodeEncode(string(b), "latin1")) {
			t.Fatalf("latin1 size of %x is %d", b, nodeSize)
		}
	})
}

func FuzzPunycode(f *testing.F) {
	f.Add("mañana")
	f.Add("maana-pta")
	f.Fuzz(func(t *testing.T, s string) {
		punyDecode(s)
		if e, ok := punyEncode(s); ok && utf8.ValidString(s) {
			if d, ok := punyDecode(e); !ok || d != s {
				t.Fatalf("%q became %q, and back %q", s, e, d)
			}
		}
	})
}

func FuzzBase64(f *testing.F) {
	f.Add("aGk=")
	f.Add("a G\nk")
	f.Add("-_-_")
	f.Fuzz(func(t *testing.T, s string) {
		got := decodeBase64(s)
		if want, err := base64.StdEncoding.DecodeString(s); err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%q gave %x, want %x", s, got, want)
		}
		if want, err := hex.DecodeString(s); err == nil && !bytes.Equal(nodeEncode(s, "hex"), want) {
			t.Fatal(s)
		}
	})
}

func TestIndexBytes(t *testing.T) {
	for _, c := range []struct {
		b, needle string
		from      int
		forward   bool
		step      int
		want      int
	}{
		{"abab", "b", 0, true, 1, 1}, {"abab", "b", 2, true, 1, 3}, {"abab", "b", 3, false, 1, 3}, {"abab", "b", 2, false, 1, 1},
		{"abab", "", 9, true, 1, 4}, {"abab", "x", 0, true, 1, -1}, {"\x00a\x00a", "a\x00", 0, true, 2, -1}, {"a\x00a\x00", "a\x00", 1, true, 2, 2},
		{"a\x00a\x00", "a\x00", 3, false, 2, 2}, {"\x00a\x00a\x00", "a\x00", 4, false, 2, -1}, {"", "a", 0, true, 1, -1},
	} {
		got := indexBytes([]byte(c.b), []byte(c.needle), c.from, c.forward, c.step)
		assert.Equal(t, c.want, got, fmt.Sprintf("%+v", c))
	}
}
