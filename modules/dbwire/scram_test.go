package dbwire

import (
	"crypto/sha1"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScram(t *testing.T) {
	for name, c := range map[string]struct {
		s                                             Scram
		nonce, first, serverFirst, final, serverFinal string
	}{
		"RFC 5802, section 5": {Scram{Hash: sha1.New, User: "user", Secret: "pencil", Header: "n,,", MinIterations: 4096},
			"fyko+d2lbbFgONRv9qkxdawL", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
			"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
			"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
		"RFC 7677, section 3": {Scram{Hash: sha256.New, User: "user", Secret: "pencil", Header: "n,,", MinIterations: 4096},
			"rOprNGfwEbeRWgbNEkqO", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
			"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
			"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.first, string(c.s.begin(c.nonce)))
			final, err := c.s.Final(c.serverFirst)
			require.NoError(t, err)
			assert.Equal(t, c.final, string(final))
			assert.True(t, c.s.Check(c.serverFinal))
			for _, forged := range []string{"", "v=", "v=AAAA", c.serverFinal[2:], c.serverFinal[:len(c.serverFinal)-4], "e=other-error"} {
				assert.False(t, c.s.Check(forged), "%q proves the password", forged)
			}
		})
	}
}

func TestScramNames(t *testing.T) {
	s := Scram{User: "a=b,c", Header: "n,,"}
	assert.Equal(t, "n,,n=a=3Db=2Cc,r=x", string(s.begin("x")))
	one, other := string(s.First()), string(s.First())
	assert.NotEqual(t, one, other, "a nonce was used twice")
	assert.Len(t, one, len("n,,n=a=3Db=2Cc,r=")+32)
}

// A login that is bound to its channel says so where the server signs it.
func TestScramBinding(t *testing.T) {
	s := Scram{Hash: sha256.New, User: "*", Secret: "p", Header: "p=tls-server-end-point,,", Binding: []byte{1, 2, 3}}
	assert.Equal(t, "p=tls-server-end-point,,n=*,r=x", string(s.begin("x")))
	final, err := s.Final("r=xy,s=c2FsdA==,i=1")
	require.NoError(t, err)
	assert.Contains(t, string(final), "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAQID,r=xy,p=")
	assert.Contains(t, s.auth, "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAQID,")
}

func TestScramServerFirst(t *testing.T) {
	begun := func(least int) *Scram {
		s := &Scram{Hash: sha256.New, Secret: "p", MinIterations: least}
		s.begin("abc")
		return s
	}
	_, err := begun(4096).Final("r=abcdef,s=c2FsdA==,i=4096")
	require.NoError(t, err)
	_, err = begun(4096).Final("r=abcdef,s=c2FsdA==,i=4095")
	require.ErrorIs(t, err, ErrScram)
	for _, bad := range []string{"", "r=abc,s=c2FsdA==,i=4096", "r=xyzabc,s=c2FsdA==,i=1", "r=abcd,s=,i=1", "r=abcd,i=1", "r=abcd,s=c2FsdA==,i=0", "r=abcd,s=c2FsdA==,i=-1", "r=abcd,s=c2FsdA==", "r=abcd,s=c2FsdA==,i=99999999", "r=abcd,s=!,i=1", "r=abcd,s=c2FsdA==,i=x", "r=abcd,s=!,i=1,s=c2FsdA=="} {
		_, err := begun(0).Final(bad)
		assert.ErrorIs(t, err, ErrScram, bad)
	}
}

func TestPrepare(t *testing.T) {
	for in, want := range map[string]string{"user": "user", "I\u00adX": "IX", "\u00aa": "a", "\u2168": "IX", "a\u00a0b": "a b", "\u0007": "\u0007", "e\u0301": "é"} {
		assert.Equal(t, want, Prepare(in), "%q", in)
	}
}
