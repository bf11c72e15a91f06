package npm

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Integrity returns the bytes' integrity as lock files have it: sha512-….
func Integrity(b []byte) string {
	sum := sha512.Sum512(b)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// errIntegrity says that a tarball is not the one that was published.
var errIntegrity = errors.New("the tarball is not what the registry published")

// Verify checks the bytes against the strongest hash of an integrity text, or
// the shasum of old versions. Nothing to check against is an error.
func (d Dist) Verify(b []byte) error {
	want := map[string][]string{}
	for _, part := range strings.Fields(d.Integrity) {
		algorithm, sum, _ := strings.Cut(part, "-")
		sum, _, _ = strings.Cut(sum, "?")
		want[algorithm] = append(want[algorithm], sum)
	}
	sha512sum, sha384sum, sha256sum, sha1sum := sha512.Sum512(b), sha512.Sum384(b), sha256.Sum256(b), sha1.Sum(b)
	for _, a := range []struct {
		name string
		sum  []byte
	}{{"sha512", sha512sum[:]}, {"sha384", sha384sum[:]}, {"sha256", sha256sum[:]}, {"sha1", sha1sum[:]}} {
		sums := want[a.name]
		if len(sums) == 0 {
			continue
		}
		got := base64.StdEncoding.EncodeToString(a.sum)
		for _, s := range sums {
			if s == got {
				return nil
			}
		}
		return fmt.Errorf("%w: its integrity is %s-%s, but should be %q", errIntegrity, a.name, got, clip(d.Integrity))
	}
	if len(d.Shasum) == 2*sha1.Size {
		if got := hex.EncodeToString(sha1sum[:]); !strings.EqualFold(got, d.Shasum) {
			return fmt.Errorf("%w: its shasum is %s, but should be %q", errIntegrity, got, d.Shasum)
		}
		return nil
	}
	return errors.New("the registry gives neither integrity nor shasum for it")
}
