package intl

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a jailed process has no files; 450 KB
)

//go:embed zones.txt
var zoneLines string

// zoneName is how English names a zone: standard and daylight, long and short.
type zoneName struct{ std, dst, generic, shortStd, shortDst, shortGeneric string }

var zoneNames = sync.OnceValue(func() map[string]*zoneName {
	m := make(map[string]*zoneName)
	for line := range strings.Lines(zoneLines) {
		names, zones, ok := strings.Cut(strings.TrimSpace(line), "\t")
		f := strings.Split(names, "|")
		if !ok || len(f) != 6 {
			continue
		}
		z := &zoneName{f[0], f[1], f[2], f[3], f[4], f[5]}
		for name := range strings.FieldsSeq(zones) {
			m[name] = z
		}
	}
	return m
})

var zones sync.Map // name → *time.Location; only names that exist: bounded

// loadZone returns the zone and its canonical name.
func loadZone(name string) (*time.Location, string, error) {
	if loc, full, ok := offsetZone(name); ok {
		return loc, full, nil
	}
	canonical := zoneCase(name)
	if canonical == "UTC" {
		return time.UTC, "UTC", nil
	}
	if loc, ok := zones.Load(canonical); ok {
		return loc.(*time.Location), canonical, nil
	}
	bad := rangeError("Invalid time zone specified: " + name)
	if name == "" || len(name) > 64 || canonical == "Local" {
		return nil, "", bad
	}
	loc, err := time.LoadLocation(canonical)
	if err != nil {
		return nil, "", bad
	}
	zones.Store(canonical, loc)
	return loc, canonical, nil
}

// offsetZone reads ±HH, ±HHMM and ±HH:MM.
func offsetZone(name string) (*time.Location, string, bool) {
	if len(name) < 3 || name[0] != '+' && name[0] != '-' {
		return nil, "", false
	}
	digits := strings.Replace(name[1:], ":", "", 1)
	if len(digits) == 2 {
		digits += "00"
	}
	var h, m int
	if n, err := fmt.Sscanf(digits, "%2d%2d", &h, &m); n != 2 || err != nil || len(digits) != 4 || h > 23 || m > 59 {
		return nil, "", false
	}
	seconds := (h*60 + m) * 60
	if name[0] == '-' {
		seconds = -seconds
	}
	full := fmt.Sprintf("%c%02d:%02d", name[0], h, m)
	if seconds == 0 {
		full = "+00:00"
	}
	return time.FixedZone(full, seconds), full, true
}

// zoneCase gives a name in any case the case of the database.
func zoneCase(name string) string {
	if _, ok := zoneNames()[name]; ok && name != "GMT" {
		return name
	}
	switch strings.ToUpper(name) {
	case "UTC", "GMT", "ETC/UTC", "ETC/GMT", "ETC/UCT", "UCT", "ZULU", "ETC/ZULU", "UNIVERSAL", "ETC/UNIVERSAL", "ETC/GREENWICH", "GREENWICH", "ETC/GMT0", "GMT0":
		return "UTC"
	case "EST", "MST", "HST", "CET", "MET", "EET", "WET", "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT", "PRC", "ROC", "ROK", "GB", "NZ":
		return strings.ToUpper(name)
	}
	b := []byte(strings.ToLower(name))
	up := true
	for i, c := range b {
		rest := string(b[i:])
		small := strings.HasPrefix(rest, "of_") || strings.HasPrefix(rest, "es_") || strings.HasPrefix(rest, "au-") || strings.HasPrefix(rest, "in_")
		if up && c >= 'a' && c <= 'z' && !(small && i > 0 && b[i-1] == '_') {
			b[i] -= 'a' - 'A'
		}
		up = c == '/' || c == '_' || c == '-'
	}
	s := string(b)
	if rest, ok := strings.CutPrefix(s, "Us/"); ok {
		s = "US/" + rest
	}
	if rest, ok := strings.CutPrefix(s, "Etc/Gmt"); ok {
		s = "Etc/GMT" + rest
	}
	return s
}

// zoneText is the name of t's zone in one of the styles of timeZoneName.
func (f *DateTimeFormat) zoneText(t time.Time) string {
	name, offset := f.Zone, 0
	_, offset = t.Zone()
	english := strings.HasPrefix(f.Locale, "en")
	z := zoneNames()[name]
	switch f.zone {
	case "shortOffset":
		return gmt(offset, false)
	case "longOffset":
		return gmt(offset, true)
	case "short":
		if name == "UTC" {
			return "UTC"
		}
		if f.Locale == "en-GB" && name == "Europe/London" {
			if t.IsDST() {
				return "BST"
			}
			return "GMT"
		}
		if english && z != nil {
			if s := pick(t.IsDST(), z.shortDst, z.shortStd); s != "" {
				return s
			}
		}
		return gmt(offset, false)
	case "shortGeneric":
		if english && z != nil && z.shortGeneric != "" {
			return z.shortGeneric
		}
		return gmt(offset, false)
	}
	if english && z != nil {
		if f.zone == "longGeneric" {
			if name == "UTC" {
				return "GMT"
			}
			return z.generic
		}
		if s := pick(t.IsDST(), z.dst, z.std); s != "" {
			return s
		}
	}
	return gmt(offset, true)
}

func pick(cond bool, a, b string) string {
	if cond {
		return a
	}
	return b
}

// gmt writes an offset in seconds: GMT-5, GMT+5:30, or GMT-05:00 when long.
func gmt(seconds int, long bool) string {
	if seconds == 0 {
		return "GMT"
	}
	sign := byte('+')
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	h, m, s := seconds/3600, seconds/60%60, seconds%60
	out := fmt.Sprintf("GMT%c%d", sign, h)
	if long {
		out = fmt.Sprintf("GMT%c%02d:%02d", sign, h, m)
	} else if m != 0 || s != 0 {
		out += fmt.Sprintf(":%02d", m)
	}
	if s != 0 {
		out += fmt.Sprintf(":%02d", s)
	}
	return out
}
