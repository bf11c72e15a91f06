package modules

import (
	"math"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// hostProfile is the URL Standard's way with domain names: mapped, not
// transitional, hyphens and lengths unchecked.
var hostProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false),
	idna.CheckHyphens(false), idna.CheckJoiners(true), idna.VerifyDNSLength(false))

const forbiddenHost = "\x00\t\n\r #/:<>?@[\\]^|"

func forbiddenDomain(r rune) bool {
	return r <= 0x20 || r == 0x7f || r == '%' || strings.ContainsRune(forbiddenHost, r)
}

// parseHost returns the host as it is serialized.
func parseHost(s string, opaque bool) (string, bool) {
	if strings.HasPrefix(s, "[") {
		if !strings.HasSuffix(s, "]") {
			return "", false
		}
		a, ok := parseIPv6(s[1 : len(s)-1])
		if !ok {
			return "", false
		}
		return "[" + formatIPv6(a) + "]", true
	}
	if opaque {
		if strings.ContainsAny(s, forbiddenHost) {
			return "", false
		}
		return setC0.encode(s), true
	}
	domain := s
	if strings.IndexByte(s, '%') >= 0 {
		domain = nodeUTF8(percentDecode(s))
	}
	domain, ok := domainToASCII(domain)
	if !ok || domain == "" || strings.ContainsFunc(domain, forbiddenDomain) {
		return "", false
	}
	if endsInNumber(domain) {
		return parseIPv4(domain)
	}
	return domain, true
}

func domainToASCII(s string) (string, bool) {
	plain := !strings.Contains(strings.ToLower(s), "xn--")
	for i := 0; plain && i < len(s); i++ {
		plain = s[i] < 0x80
	}
	if plain {
		return strings.ToLower(s), true
	}
	if len(s) > 64<<10 { // no name is that long, and IDNA is slow
		return "", false
	}
	out, err := hostProfile.ToASCII(s)
	return out, err == nil
}

func endsInNumber(s string) bool {
	parts := strings.Split(s, ".")
	if parts[len(parts)-1] == "" {
		if len(parts) == 1 {
			return false
		}
		parts = parts[:len(parts)-1]
	}
	last := parts[len(parts)-1]
	if last != "" && strings.Trim(last, "0123456789") == "" {
		return true
	}
	_, ok := ipv4Number(last)
	return ok
}

// ipv4Number reads decimal, 0octal and 0xhex. Numbers too large are MaxUint64.
func ipv4Number(s string) (uint64, bool) {
	if s == "" {
		return 0, false
	}
	base := 10
	switch {
	case strings.HasPrefix(s, "0x"), strings.HasPrefix(s, "0X"):
		s, base = s[2:], 16
	case len(s) >= 2 && s[0] == '0':
		s, base = s[1:], 8
	}
	if s == "" {
		return 0, true
	}
	if strings.ContainsAny(s, "+-_") {
		return 0, false
	}
	n, err := strconv.ParseUint(s, base, 64)
	if err != nil && err.(*strconv.NumError).Err == strconv.ErrRange {
		return math.MaxUint64, true
	}
	return n, err == nil
}

func parseIPv4(s string) (string, bool) {
	parts := strings.Split(strings.TrimSuffix(s, "."), ".")
	if len(parts) > 4 {
		return "", false
	}
	var addr uint64
	for i, p := range parts {
		n, ok := ipv4Number(p)
		if !ok {
			return "", false
		}
		if i < len(parts)-1 {
			if n > 255 {
				return "", false
			}
			addr |= n << (8 * (3 - i))
			continue
		}
		if n >= 1<<(8*(5-len(parts))) {
			return "", false
		}
		addr |= n
	}
	return strconv.Itoa(int(addr>>24)) + "." + strconv.Itoa(int(addr>>16&255)) + "." +
		strconv.Itoa(int(addr>>8&255)) + "." + strconv.Itoa(int(addr&255)), true
}

// parseIPv6 reads the text between the brackets.
func parseIPv6(s string) (a [8]uint16, ok bool) {
	piece, compress, p := 0, -1, 0
	if strings.HasPrefix(s, ":") {
		if !strings.HasPrefix(s, "::") {
			return a, false
		}
		p, piece, compress = 2, 1, 1
	}
	for p < len(s) {
		if piece == 8 {
			return a, false
		}
		if s[p] == ':' {
			if compress >= 0 {
				return a, false
			}
			p++
			piece++
			compress = piece
			continue
		}
		value, start := 0, p
		for p < len(s) && p-start < 4 && isHexDigit(s[p]) {
			value = value<<4 | int(unhexDigit(s[p]))
			p++
		}
		if p < len(s) && s[p] == '.' {
			if p == start || piece > 6 || !ipv6Tail(s[start:], &a, piece) {
				return a, false
			}
			piece += 2
			break
		}
		if p < len(s) {
			if s[p] != ':' || p+1 == len(s) {
				return a, false
			}
			p++
		}
		a[piece] = uint16(value)
		piece++
	}
	if compress >= 0 {
		for swaps, i := piece-compress, 7; i > 0 && swaps > 0; i, swaps = i-1, swaps-1 {
			j := compress + swaps - 1
			a[i], a[j] = a[j], a[i]
		}
	} else if piece != 8 {
		return a, false
	}
	return a, true
}

// ipv6Tail reads a dotted address at the end of an IPv6 address.
func ipv6Tail(s string, a *[8]uint16, piece int) bool {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return false
	}
	for i, p := range parts {
		if p == "" || len(p) > 3 || strings.Trim(p, "0123456789") != "" || len(p) > 1 && p[0] == '0' {
			return false
		}
		n, _ := strconv.Atoi(p)
		if n > 255 {
			return false
		}
		a[piece+i/2] = a[piece+i/2]<<8 | uint16(n)
	}
	return true
}

func formatIPv6(a [8]uint16) string {
	from, longest := -1, 1
	for i := 0; i < 8; i++ {
		j := i
		for j < 8 && a[j] == 0 {
			j++
		}
		if j-i > longest {
			from, longest = i, j-i
		}
		i = max(i, j-1)
	}
	var b strings.Builder
	for i := 0; i < 8; i++ {
		if i == from {
			b.WriteString(":")
			if i == 0 {
				b.WriteString(":")
			}
			i += longest - 1
			continue
		}
		b.WriteString(strconv.FormatUint(uint64(a[i]), 16))
		if i < 7 {
			b.WriteString(":")
		}
	}
	return b.String()
}
