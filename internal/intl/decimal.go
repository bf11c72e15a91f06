package intl

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// decimal is a number as 0.d1d2d3… × 10^exp, the digits without leading or
// trailing zeros. Zero has no digits.
type decimal struct {
	neg      bool
	nan, inf bool
	digits   []byte // values 0..9
	exp      int
}

// maxDigits bounds the digits of a number that is formatted.
const maxDigits = 20000

// decimalOf takes a float64, a *big.Int or a decimal string.
func decimalOf(v any) decimal {
	switch v := v.(type) {
	case float64:
		return decimalOfFloat(v)
	case *big.Int:
		if v.BitLen() > maxDigits*3 {
			return decimal{inf: true, neg: v.Sign() < 0}
		}
		return parseDecimal(v.String())
	case string:
		s := strings.TrimSpace(v)
		if len(s) > maxDigits {
			return decimal{nan: true}
		}
		f, err := strconv.ParseFloat(s, 64)
		if s == "" {
			return decimal{}
		}
		if err != nil && !math.IsInf(f, 0) || strings.ContainsAny(s, "xXpP_nN") {
			return decimal{nan: true}
		}
		return parseDecimal(s)
	}
	return decimal{nan: true}
}

func decimalOfFloat(f float64) decimal {
	switch {
	case math.IsNaN(f):
		return decimal{nan: true}
	case math.IsInf(f, 0):
		return decimal{inf: true, neg: f < 0}
	case f == 0:
		return decimal{neg: math.Signbit(f)}
	}
	return parseDecimal(strconv.FormatFloat(f, 'e', -1, 64))
}

// parseDecimal reads [+-]digits[.digits][e[+-]digits].
func parseDecimal(s string) decimal {
	var d decimal
	if s != "" && (s[0] == '-' || s[0] == '+') {
		d.neg = s[0] == '-'
		s = s[1:]
	}
	exp := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		exp, _ = strconv.Atoi(s[i+1:])
		s = s[:i]
	}
	whole, frac, _ := strings.Cut(s, ".")
	for _, c := range []byte(whole + frac) {
		if c < '0' || c > '9' {
			return decimal{nan: true}
		}
		d.digits = append(d.digits, c-'0')
	}
	d.exp = len(whole) + exp
	if exp > 400 || exp < -400 {
		return decimal{inf: exp > 0, neg: d.neg}
	}
	return d.trim()
}

func (d decimal) trim() decimal {
	for len(d.digits) > 0 && d.digits[0] == 0 {
		d.digits = d.digits[1:]
		d.exp--
	}
	for len(d.digits) > 0 && d.digits[len(d.digits)-1] == 0 {
		d.digits = d.digits[:len(d.digits)-1]
	}
	if len(d.digits) == 0 {
		d.exp = 0
	}
	return d
}

// shift multiplies by 10^n.
func (d decimal) shift(n int) decimal {
	if len(d.digits) > 0 {
		d.exp += n
	}
	return d
}

// round keeps n digits after the first position of d.digits; n may be negative.
func (d decimal) round(n int, mode string) decimal {
	if n >= len(d.digits) || len(d.digits) == 0 {
		return d
	}
	up := roundsUp(d, n, mode)
	kept := max(n, 0)
	digits := append([]byte(nil), d.digits[:kept]...)
	if n < 0 { // below the last place: 0, or one unit there
		d.digits, d.exp = nil, 0
		return d
	}
	d.digits = digits
	if up {
		i := kept - 1
		for ; i >= 0; i-- {
			if digits[i] < 9 {
				digits[i]++
				break
			}
			digits[i] = 0
		}
		if i < 0 {
			d.digits = append([]byte{1}, digits...)
			d.exp++
		}
	}
	return d.trim()
}

// roundsUp says whether rounding to n digits goes away from zero.
func roundsUp(d decimal, n int, mode string) bool {
	switch mode {
	case "ceil":
		return !d.neg
	case "floor":
		return d.neg
	case "expand":
		return true
	case "trunc":
		return false
	}
	if n < 0 {
		return false
	}
	first, rest := d.digits[n], len(d.digits) > n+1
	if first != 5 || rest {
		return first >= 5
	}
	switch mode { // exactly half
	case "halfEven":
		return n > 0 && d.digits[n-1]%2 == 1
	case "halfTrunc":
		return false
	case "halfCeil":
		return !d.neg
	case "halfFloor":
		return d.neg
	}
	return true // halfExpand
}

// toFraction rounds to at most n fraction digits. A number below the last place
// may round up to it.
func (d decimal) toFraction(n int, mode string) decimal {
	at := d.exp + n
	if at < 0 && len(d.digits) > 0 {
		if mode == "expand" || mode == "ceil" && !d.neg || mode == "floor" && d.neg {
			d.digits, d.exp = []byte{1}, 1-n
			return d
		}
		return decimal{neg: d.neg}
	}
	return d.round(at, mode)
}

// text returns the integer and fraction digits, padded to at least the given
// numbers of each.
func (d decimal) text(minInt, minFrac int) (whole, frac string) {
	var w, f []byte
	for i := range max(d.exp, 0) {
		if i < len(d.digits) {
			w = append(w, '0'+d.digits[i])
		} else {
			w = append(w, '0')
		}
	}
	for range max(-d.exp, 0) {
		f = append(f, '0')
	}
	for i := max(d.exp, 0); i < len(d.digits); i++ {
		f = append(f, '0'+d.digits[i])
	}
	if len(d.digits) == 0 {
		f = nil
	}
	for len(f) < minFrac {
		f = append(f, '0')
	}
	whole = string(w)
	if len(whole) < minInt {
		whole = strings.Repeat("0", minInt-len(whole)) + whole
	}
	return whole, string(f)
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return strconv.FormatInt(int64(v), 10)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}

func number(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case bool:
		if v {
			return 1
		}
		return 0
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
			return f
		}
	}
	return math.NaN()
}
