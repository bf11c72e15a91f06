// Package npm reads what the npm registry offers: names, version ranges,
// manifests, tarballs and their integrity. It never runs anything of a package,
// and writes no file: what it unpacks stays in memory, within bounds.
//
// Formats: the registry's "package metadata" and package.json of docs.npmjs.com,
// Subresource Integrity of the W3C.
package npm

import (
	"fmt"
	"github.com/rulebox/rulebox/internal/pattern"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// validName is a name that npm lets one publish today, and none that could leave
// a folder or a URL path.
var validName = pattern.New(`^(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*$`)

// maxName is npm's bound, in bytes.
const maxName = 214

// CheckName returns what is wrong with a package's name, nil if nothing is.
func CheckName(name string) error {
	if len(name) > maxName || !validName().MatchString(name) {
		return fmt.Errorf("%q is no package name; it is small letters, digits, - . _ and ~, with a scope as in @scope/name", clip(name))
	}
	return nil
}

// CheckVersion returns what is wrong with a version, nil if it is an exact one.
func CheckVersion(version string) error {
	if _, err := semver.StrictNewVersion(version); err != nil || len(version) > 128 {
		return fmt.Errorf("%q is no version such as 1.2.3", clip(version))
	}
	return nil
}

// clip bounds what an error quotes of foreign text.
func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}

// shown is foreign text for an error that does not put it in quotes: clipped, and
// what is not to be printed escaped. A registry must not write to a terminal.
func shown(s string) string {
	q := strconv.Quote(clip(s))
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// A Spec is what somebody asks for: a name, and the range of versions that will
// do. An empty range means the tag latest.
type Spec struct{ Name, Range string }

// ParseSpec reads name or name@range.
func ParseSpec(text string) (Spec, error) {
	s := Spec{Name: text}
	if i := strings.LastIndexByte(text, '@'); i > 0 {
		s.Name, s.Range = text[:i], strings.TrimSpace(text[i+1:])
	}
	if err := CheckName(s.Name); err != nil {
		return s, err
	}
	return s, s.check()
}

func (s Spec) String() string {
	if s.Range == "" {
		return s.Name
	}
	return s.Name + "@" + s.Range
}

// tag is a name for a version, such as latest or next.
var tag = pattern.New(`^[a-z][a-z0-9-]*$`)

// check refuses what is neither a range nor a tag: URLs, paths, repositories.
func (s Spec) check() error {
	if s.Range == "" || tag().MatchString(s.Range) {
		return nil
	}
	if strings.ContainsAny(s.Range, ":/\\") {
		return fmt.Errorf("%s: %q is no version from a registry; files, URLs and repositories are not fetched", s.Name, clip(s.Range))
	}
	if _, err := semver.NewConstraint(s.Range); err != nil {
		return fmt.Errorf("%s: %q is no version or range such as 1.2.3, ^1.2.0 or 1.x", s.Name, clip(s.Range))
	}
	return nil
}

// Allows reports whether the version is one that the spec means. Tags mean what
// the registry says, and so no version by themselves.
func (s Spec) Allows(version string) bool {
	v, err := semver.NewVersion(version)
	if err != nil {
		return false
	}
	if s.Range == "" {
		return true
	}
	c, err := semver.NewConstraint(s.Range)
	return err == nil && c.Check(v)
}

// newest returns the newest version that the spec allows, empty if there is none.
// Versions that are no versions are left out.
func (s Spec) newest(versions []string) string {
	best, name := (*semver.Version)(nil), ""
	for _, text := range versions {
		v, err := semver.StrictNewVersion(text)
		if err == nil && s.Allows(text) && (best == nil || v.GreaterThan(best)) {
			best, name = v, text
		}
	}
	return name
}

// Generation is what a version is compatible with: its major number, with the
// minor one while the major is 0; empty for what is no version.
func Generation(version string) string {
	v, err := semver.NewVersion(version)
	switch {
	case err != nil:
		return ""
	case v.Major() > 0:
		return fmt.Sprint(v.Major())
	}
	return fmt.Sprintf("0.%d", v.Minor())
}
