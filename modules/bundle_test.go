package modules

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// needBundles skips where make has not run. `make test` builds them first.
func needBundles(t *testing.T) {
	t.Helper()
	if m, ok := Lookup("lodash"); ok && m.Retired != "" {
		t.Skip(m.Retired)
	}
}

func TestBundlesThatAreNotBuiltSayHow(t *testing.T) {
	found := false
	for _, m := range absentBundles() {
		assert.Equal(t, noBundles, m.Retired, m.Name)
		assert.NotContains(t, strings.TrimPrefix(m.Name, "@"), "@", "an alias names the package")
		found = found || m.Name == "lodash"
	}
	assert.True(t, found)
}

func TestBundleGenerations(t *testing.T) {
	needBundles(t)
	for request, major := range map[string]string{"lodash": "4.", "lodash@4.17.10": "4.", "lodash@2.4.1": "2.4", "lodash@3.10.1": "3.", "lodash@1.0.0": "2.4"} {
		m, ok := Lookup(request)
		require.True(t, ok, request)
		assert.True(t, strings.HasPrefix(m.Version, major), "%s is %s", request, m.ID())
		assert.NotEmpty(t, m.Bundle.Licence)
	}
	assert.IsIncreasing(t, Versions("lodash"))
	for _, request := range []string{"lodash/get", "lodash@4.17.10", "lodash/fp/nothing", "lodash/", "node:lodash", "#0", "#99999", "lodash/get@4.0.0"} {
		m, ok := Lookup(request)
		switch request {
		case "lodash/get", "lodash@4.17.10", "lodash/get@4.0.0":
			require.True(t, ok, request)
			require.False(t, m.Internal, request)
		default:
			require.False(t, ok, request)
		}
	}
}

func TestUnitsAreWhatTheIndexSays(t *testing.T) {
	needBundles(t)
	for _, bad := range []string{"#", "#-1", "#x", "#999999", "1"} {
		_, ok := LookupUnit(bad)
		assert.False(t, ok, bad)
	}
	m, ok := Lookup("lodash@2.4.2") // one unit, so that the digest is of it alone
	require.True(t, ok)
	text, err := m.Text()
	require.NoError(t, err)
	require.Len(t, text, m.Bundle.Size)
	sum := sha256.Sum256([]byte(text))
	sum = sha256.Sum256(sum[:])
	assert.Equal(t, hex.EncodeToString(sum[:]), m.Bundle.Digest)
	for i := 0; ; i++ {
		u, err := unitAt(i)
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			require.Greater(t, i, 1000)
			break
		}
		text, err := u.text()
		require.NoError(t, err)
		require.Len(t, text, u.length, u.name)
	}
}

func BenchmarkUnpack(b *testing.B) {
	if len(blocks()) == 0 {
		b.Skip(noBundles)
	}
	for i := range b.N {
		recent.blocks = [4]struct {
			number int
			text   []byte
		}{}
		if _, err := unpack(i % len(blocks())); err != nil {
			b.Fatal(err)
		}
	}
}
