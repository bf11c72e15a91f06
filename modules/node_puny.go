package modules

import (
	"math"
	"strings"
	"unicode/utf8"
)

// RFC 3492, section 5.
const (
	punyBase, punyMin, punyMax   = 36, 1, 26
	punySkew, punyDamp, punyBias = 38, 700, 72
	punyFirst                    = 128
	maxPuny                      = 4096 // runes; decoding is quadratic
)

func punyAdapt(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > (punyBase-punyMin)*punyMax/2; k += punyBase {
		delta /= punyBase - punyMin
	}
	return k + (punyBase-punyMin+1)*delta/(delta+punySkew)
}

func punyDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c-'0') + 26
	case isAlpha(rune(c)):
		return int(c | 0x20 - 'a')
	}
	return punyBase
}

func punyDecode(s string) (string, bool) {
	out := []rune{}
	rest := s
	if i := strings.LastIndexByte(s, '-'); i >= 0 {
		for _, r := range s[:i] {
			if r >= utf8.RuneSelf {
				return "", false
			}
			out = append(out, r)
		}
		rest = s[i+1:]
	}
	n, i, bias := punyFirst, 0, punyBias
	for len(rest) > 0 {
		old, w := i, 1
		for k := punyBase; ; k += punyBase {
			if rest == "" || len(out) > maxPuny {
				return "", false
			}
			d := punyDigit(rest[0])
			rest = rest[1:]
			if d >= punyBase || d > (math.MaxInt32-i)/w {
				return "", false
			}
			i += d * w
			t := min(max(k-bias, punyMin), punyMax)
			if d < t {
				break
			}
			if w > math.MaxInt32/(punyBase-t) {
				return "", false
			}
			w *= punyBase - t
		}
		bias = punyAdapt(i-old, len(out)+1, old == 0)
		n += i / (len(out) + 1)
		i %= len(out) + 1
		if n > utf8.MaxRune {
			return "", false
		}
		out = append(out, 0)
		copy(out[i+1:], out[i:])
		out[i] = rune(n)
		i++
	}
	return string(out), true
}

func punyEncode(s string) (string, bool) {
	in := []rune(s)
	if len(in) > maxPuny {
		return "", false
	}
	var out []byte
	for _, r := range in {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := rune(punyFirst), 0, punyBias
	for done := basic; done < len(in); {
		next := rune(math.MaxInt32)
		for _, r := range in {
			if r >= n && r < next {
				next = r
			}
		}
		if int(next-n) > (math.MaxInt32-delta)/(done+1) {
			return "", false
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range in {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := punyBase; ; k += punyBase {
				t := min(max(k-bias, punyMin), punyMax)
				if q < t {
					break
				}
				out = append(out, punyLetter(t+(q-t)%(punyBase-t)))
				q = (q - t) / (punyBase - t)
			}
			out = append(out, punyLetter(q))
			bias = punyAdapt(delta, done+1, done == basic)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return string(out), true
}

func punyLetter(d int) byte {
	if d < 26 {
		return byte('a' + d)
	}
	return byte('0' + d - 26)
}

var punyNatives = map[string]Native{
	"decode": func(_ *Call, args []any) (any, error) { return orUndefined(punyDecode(argString(args, 0))) },
	"encode": func(_ *Call, args []any) (any, error) { return orUndefined(punyEncode(argString(args, 0))) },
}

func orUndefined(s string, ok bool) (any, error) {
	if !ok {
		return nil, nil
	}
	return s, nil
}
