package intl

import (
	"strconv"
	"strings"
	"time"
)

// token is a field of a pattern, a letter repeated n times, or literal text when
// kind is 0.
type token struct {
	kind byte
	n    int
	text string
}

// parsePattern reads a pattern in the notation of Unicode TS 35: letters are
// fields, text with letters stands in apostrophes.
func parsePattern(p string) []token {
	var out []token
	literal := func(s string) {
		if n := len(out); n > 0 && out[n-1].kind == 0 {
			out[n-1].text += s
			return
		}
		out = append(out, token{text: s})
	}
	for i := 0; i < len(p); {
		c := p[i]
		switch {
		case c == '\'':
			i++
			for i < len(p) {
				if p[i] == '\'' {
					i++
					if i >= len(p) || p[i] != '\'' { // '' is an apostrophe
						break
					}
				}
				literal(p[i : i+1])
				i++
			}
		case isLetter(c):
			n := 1
			for i+n < len(p) && p[i+n] == c {
				n++
			}
			out = append(out, token{kind: c, n: n})
			i += n
		default:
			literal(p[i : i+1])
			i++
		}
	}
	return out
}

// part formats one token.
func (f *DateTimeFormat) part(tok token, t time.Time) Part {
	switch tok.kind {
	case 'y':
		y := t.Year()
		if y <= 0 {
			y = 1 - y
		}
		if tok.n == 2 {
			return Part{"year", pad(y%100, 2)}
		}
		return Part{"year", strconv.Itoa(y)}
	case 'M', 'L':
		return Part{"month", f.monthText(tok, int(t.Month()))}
	case 'd':
		return Part{"day", pad(t.Day(), tok.n)}
	case 'E', 'c':
		return Part{"weekday", named(f.data.Weekdays, tok.n, tok.kind == 'c', int(t.Weekday()))}
	case 'G':
		i := 1
		if t.Year() <= 0 {
			i = 0
		}
		return Part{"era", f.data.Eras[eraWidth(tok.n)][i]}
	case 'h', 'H':
		return Part{"hour", pad(f.hourOf(t), tok.n)}
	case 'm':
		return Part{"minute", pad(t.Minute(), tok.n)}
	case 's':
		return Part{"second", pad(t.Second(), tok.n)}
	case 'S':
		return Part{"fractionalSecond", pad(t.Nanosecond()/1e6, 3)[:tok.n]}
	case 'a':
		return Part{"dayPeriod", f.data.DayPeriods[t.Hour()/12]}
	case 'z':
		return Part{"timeZoneName", f.zoneText(t)}
	}
	return Part{"literal", tok.text}
}

// eraWidth is the index of long, short or narrow names.
func eraWidth(n int) int {
	switch n {
	case 4:
		return 0
	case 5:
		return 2
	}
	return 1
}

func (f *DateTimeFormat) hourOf(t time.Time) int {
	h := t.Hour()
	switch f.cycle {
	case "h11":
		return h % 12
	case "h12":
		return (h+11)%12 + 1
	case "h24":
		return (h+23)%24 + 1
	}
	return h
}

func (f *DateTimeFormat) monthText(tok token, m int) string {
	if tok.n < 3 {
		return pad(m, tok.n)
	}
	n := tok.n
	if n == 3 {
		n = 1
	}
	return named(f.data.Months, n, tok.kind == 'L', m-1)
}

// named returns a name: width 4 long, 5 narrow, else short; standalone or not.
func named(names map[string][]string, width int, alone bool, i int) string {
	key := "short"
	switch width {
	case 4:
		key = "long"
	case 5:
		key = "narrow"
	}
	if list, ok := names[key+"S"]; ok && alone {
		return list[i]
	}
	return names[key][i]
}

func pad(v, n int) string {
	s := strconv.Itoa(v)
	if len(s) < n {
		return strings.Repeat("0", n-len(s)) + s
	}
	return s
}
