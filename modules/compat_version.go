package modules

import (
	"strconv"
	"strings"
)

// A generation orders the versions of a package by what may break: the major
// number, and the minor one while the major is 0.
type generation struct{ major, minor int }

func (g generation) after(h generation) bool {
	return g.major > h.major || g.major == h.major && g.minor > h.minor
}

// generationOf reads the start of a version such as 2.88.0, ^1.2 or 2.0.0-alpha8.
func generationOf(version string) (generation, bool) {
	version = strings.TrimLeft(version, "^~v=")
	if i := strings.IndexAny(version, "-+"); i >= 0 {
		version = version[:i]
	}
	parts := strings.Split(version, ".")
	if len(parts) > 4 {
		return generation{}, false
	}
	var n [4]int
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 31)
		if err != nil {
			return generation{}, false
		}
		n[i] = int(v)
	}
	if n[0] > 0 {
		return generation{major: n[0]}, true
	}
	return generation{minor: n[1]}, true
}

// compareVersions orders versions by generation.
func compareVersions(a, b string) int {
	x, _ := generationOf(a)
	y, _ := generationOf(b)
	switch {
	case y.after(x):
		return -1
	case x.after(y):
		return 1
	}
	return 0
}

// splitVersion parts name@version at the last @ that does not start a scope.
func splitVersion(request string) (name, version string, versioned bool) {
	if i := strings.LastIndexByte(request, '@'); i > 0 {
		return request[:i], request[i+1:], true
	}
	return request, "", false
}

// choose returns the generation that serves the version: the newest that is not
// after it, or the oldest if all are.
func choose(entries []*Module, version string) (*Module, bool) {
	asked, ok := generationOf(version)
	if !ok {
		return nil, false
	}
	best := entries[0]
	for _, m := range entries[1:] {
		if g, _ := generationOf(m.Version); !g.after(asked) {
			best = m
		}
	}
	return best, true
}
