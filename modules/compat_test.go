package modules

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

type randomHost struct{}

func (randomHost) Rand() io.Reader { return rand.Reader }
func (randomHost) Dial(context.Context, string, string) (net.Conn, error) {
	return nil, io.ErrUnexpectedEOF
}

func TestLookupChoosesTheGeneration(t *testing.T) {
	for request, want := range map[string]string{
		"axios":                        "axios@0.27.2",
		"axios@0.15.2":                 "axios@0.27.2",
		"axios@0.21.1":                 "axios@0.27.2",
		"axios@1.0.0":                  "axios@1.7.9",
		"axios@2.0.0":                  "axios@1.7.9",
		"axios@^1.6.0":                 "axios@1.7.9",
		"uuid":                         "uuid@3.4.0",
		"uuid@2.0.1":                   "uuid@3.4.0",
		"uuid@7.0.3":                   "uuid@7.0.3",
		"uuid@7.1.0":                   "uuid@7.0.3",
		"auth0@2.0.0-alpha.6":          "auth0@2.44.1",
		"auth0@0.8.2":                  "auth0@2.44.1",
		"auth0@3.0.1":                  "auth0@3.7.2",
		"auth0@4.3.1":                  "auth0@4.14.0",
		"@auth0/rule-utilities":        "@auth0/rule-utilities@0.1.0",
		"@auth0/rule-utilities@0.1.0":  "@auth0/rule-utilities@0.1.0",
		"@auth0/rule-utilities@0.2.0":  "@auth0/rule-utilities@0.2.0",
		"crypto@1.0.1":                 "crypto",
		"node:crypto":                  "crypto",
		"node:axios":                   "",
		"axios@":                       "",
		"axios@latest":                 "",
		"axios@1.x":                    "",
		"axios@-1":                     "",
		"axios@1.2.3.4.5":              "",
		"axios@99999999999999999999.1": "",
		"@auth0/none":                  "",
		"@":                            "",
		"":                             "",
	} {
		m, ok := Lookup(request)
		if want == "" {
			assert.False(t, ok, request)
			continue
		}
		if assert.True(t, ok, request) {
			assert.Equal(t, want, m.ID(), request)
		}
	}
}

// TestGenerationsAreInOrder holds what choose relies on.
func TestGenerationsAreInOrder(t *testing.T) {
	last := map[string]generation{}
	for _, m := range compatModules() {
		if m.Internal {
			continue
		}
		g, ok := generationOf(m.Version)
		require.True(t, ok, m.ID())
		if before, ok := last[m.Name]; ok {
			require.True(t, g.after(before), "%s comes after a later one", m.ID())
		}
		last[m.Name] = g
	}
	names := Names()
	for i := 1; i < len(names); i++ {
		require.NotEqual(t, names[i-1], names[i])
	}
}

func TestBcryptIsTheStandards(t *testing.T) {
	c := &Call{Ctx: t.Context(), Host: randomHost{}}
	for _, password := range []string{"", "secret", "pässword", strings.Repeat("x", 72), "a\x00b"} {
		salt, err := bcryptSalt(c, []any{4.0, "b"})
		require.NoError(t, err)
		hash, err := bcryptHash(c, []any{password, salt, false})
		require.NoError(t, err)
		require.NoError(t, bcrypt.CompareHashAndPassword([]byte(hash.(string)), []byte(password)), password)
		theirs, err := bcrypt.GenerateFromPassword([]byte(password), 4)
		require.NoError(t, err)
		for text, want := range map[string]bool{password: true, password + "!": len(password) >= 72} {
			got, err := bcryptCompare(c, []any{text, string(theirs), false})
			require.NoError(t, err)
			require.Equal(t, want, got, "%q against a hash of %q", text, password)
		}
	}
}

func TestBcryptEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v, err := bcryptHash(&Call{Ctx: ctx}, []any{"x", "$2b$31$If6bvum7DFjUnE9p2uDeDu", true})
	require.NoError(t, err)
	_, err = v.(Task)(ctx)
	require.ErrorIs(t, err, context.Canceled)
	_, err = bcryptHash(&Call{Ctx: ctx}, []any{"x", "$2b$31$If6bvum7DFjUnE9p2uDeDu", false})
	require.ErrorIs(t, err, context.Canceled)
}

func TestBcryptSaltsThatAreNone(t *testing.T) {
	for _, s := range []string{"", "$", "$2b$", "$2x$10$If6bvum7DFjUnE9p2uDeDu", "$2b$03$If6bvum7DFjUnE9p2uDeDu", "$2b$32$If6bvum7DFjUnE9p2uDeDu",
		"$2b$99$If6bvum7DFjUnE9p2uDeDu", "$2b$1$If6bvum7DFjUnE9p2uDeDuu", "$2b$10$If6bvum7DFjUnE9p2uDe!u", "$2b$10$If6bvum7DFjUnE9p2uDeD", "$3b$10$If6bvum7DFjUnE9p2uDeDu"} {
		_, ok := parseBcrypt(s)
		assert.False(t, ok, s)
	}
}

func TestInRange(t *testing.T) {
	for _, c := range []struct {
		address, text string
		want          bool
	}{
		{"192.168.1.7", "192.168.0.0/16", true},
		{"192.169.1.7", "192.168.0.0/16", false},
		{"1.2.3.4", "1.2.3.4", true},
		{"::ffff:10.0.0.1", "10.0.0.0/8", true},
		{"10.0.0.1", "::ffff:10.0.0.0/104", true},
		{"2001:db8::1", "2001:db8::/32", true},
		{"2001:db8::1", "10.0.0.0/8", false},
		{"x", "10.0.0.0/8", false},
		{"10.0.0.1", "x", false},
		{"10.0.0.1", "10.0.0.0/33", false},
	} {
		assert.Equal(t, c.want, inRange(c.address, c.text), "%s in %s", c.address, c.text)
	}
}

// TestCompatNativesTakeAnything calls every native with every kind of argument.
// None may panic.
func TestCompatNativesTakeAnything(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing computes for long
	for _, m := range compatModules() {
		for name, native := range m.Natives {
			for _, args := range nodeArgLists() {
				assert.NotPanics(t, func() {
					realm := &Realm{}
					defer realm.Close()
					v, err := native(&Call{Ctx: ctx, Host: randomHost{}, Realm: realm}, append([]any{nil}, args...))
					if task, ok := v.(Task); ok && err == nil {
						task(ctx)
					}
				}, "%s.%s(%v)", m.Name, name, args)
			}
		}
	}
}

func FuzzLookup(f *testing.F) {
	for _, s := range []string{"axios@0.21.1", "@auth0/rule-utilities@0.2.0", "node:crypto", "uuid@^7", "a@@1", "request@2.0.0-alpha8+x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, ok := Lookup(s)
		if ok == (m == nil) {
			t.Fatalf("%q: %v, %v", s, m, ok)
		}
		if ok && !strings.Contains(s, m.Name) {
			t.Fatalf("%q gives %s", s, m.Name)
		}
	})
}

func FuzzBcryptSetting(f *testing.F) {
	f.Add("$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i")
	f.Add("$2y$04$......................")
	f.Fuzz(func(t *testing.T, s string) {
		b, ok := parseBcrypt(s)
		if !ok {
			return
		}
		if len(b.salt) != bcryptSaltLen || b.cost < bcryptMinCost || b.cost > bcryptMaxCost || len(b.prefix) != 29 {
			t.Fatalf("%q: %+v", s, b)
		}
	})
}

func BenchmarkBcryptCost10(b *testing.B) {
	c := &Call{Ctx: b.Context(), Host: randomHost{}}
	b.Run("here", func(b *testing.B) {
		for b.Loop() {
			if _, err := bcryptHash(c, []any{"secret", "$2b$10$If6bvum7DFjUnE9p2uDeDu", false}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("x-crypto", func(b *testing.B) {
		for b.Loop() {
			if _, err := bcrypt.GenerateFromPassword([]byte("secret"), 10); err != nil {
				b.Fatal(err)
			}
		}
	})
}
