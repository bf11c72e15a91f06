package modules

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxURL bounds, in bytes, what is parsed as a URL or a form.
const maxURL = 8 << 20

// webURL is a URL record of the WHATWG URL Standard (url.spec.whatwg.org), which
// the parser and the setters here follow state by state.
type webURL struct {
	scheme, username, password string
	host                       string
	hasHost                    bool // null and empty hosts differ
	port                       int  // -1: null
	path                       []string
	opaque                     bool // path has one element, which is opaque
	query, fragment            string
	hasQuery, hasFragment      bool
}

// specialPorts are the special schemes and their default ports.
var specialPorts = map[string]int{"ftp": 21, "file": -1, "http": 80, "https": 443, "ws": 80, "wss": 443}

func (u *webURL) special() bool { _, ok := specialPorts[u.scheme]; return ok }

func (u *webURL) noCredentials() bool { return !u.hasHost || u.host == "" || u.scheme == "file" }

func (u *webURL) pathname() string {
	if u.opaque {
		return u.path[0]
	}
	if len(u.path) == 0 {
		return ""
	}
	return "/" + strings.Join(u.path, "/")
}

func (u *webURL) hostPort() string {
	if u.port >= 0 {
		return u.host + ":" + strconv.Itoa(u.port)
	}
	return u.host
}

func (u *webURL) href() string {
	var b strings.Builder
	b.WriteString(u.scheme + ":")
	if u.hasHost {
		b.WriteString("//")
		if u.username != "" || u.password != "" {
			b.WriteString(u.username)
			if u.password != "" {
				b.WriteString(":" + u.password)
			}
			b.WriteString("@")
		}
		b.WriteString(u.hostPort())
	} else if !u.opaque && len(u.path) > 1 && u.path[0] == "" {
		b.WriteString("/.")
	}
	b.WriteString(u.pathname())
	if u.hasQuery {
		b.WriteString("?" + u.query)
	}
	if u.hasFragment {
		b.WriteString("#" + u.fragment)
	}
	return b.String()
}

func (u *webURL) origin() string {
	switch u.scheme {
	case "http", "https", "ws", "wss", "ftp":
		return u.scheme + "://" + u.hostPort()
	case "blob":
		if in, ok := parseWebURL(u.pathname(), nil); ok && (in.scheme == "http" || in.scheme == "https") {
			return in.origin()
		}
	}
	return "null"
}

// fields is what scripts' URL objects hold, in the order that url.js knows.
func (u *webURL) fields() []any {
	port, search, hash := "", "", ""
	if u.port >= 0 {
		port = strconv.Itoa(u.port)
	}
	if u.query != "" {
		search = "?" + u.query
	}
	if u.fragment != "" {
		hash = "#" + u.fragment
	}
	return []any{u.href(), u.origin(), u.scheme + ":", u.username, u.password, u.hostPort(), u.host, port, u.pathname(), search, hash}
}

// shorten removes the last segment of the path, but not a drive letter.
func (u *webURL) shorten() {
	n := len(u.path)
	if u.scheme == "file" && n == 1 && isNormalDrive(u.path[0]) {
		return
	}
	if n > 0 {
		u.path = u.path[:n-1]
	}
}

// stripOpaque removes spaces at the end of an opaque path once nothing follows.
func (u *webURL) stripOpaque() {
	if u.opaque && !u.hasFragment && !u.hasQuery {
		u.path[0] = strings.TrimRight(u.path[0], " ")
	}
}

func isAlpha(c rune) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c rune) bool { return '0' <= c && c <= '9' }

func isDrive(s string) bool {
	return len(s) == 2 && isAlpha(rune(s[0])) && (s[1] == ':' || s[1] == '|')
}
func isNormalDrive(s string) bool { return isDrive(s) && s[1] == ':' }

func startsWithDrive(s []rune) bool {
	return len(s) >= 2 && isAlpha(s[0]) && (s[1] == ':' || s[1] == '|') &&
		(len(s) == 2 || strings.ContainsRune(`/\?#`, s[2]))
}

func isSingleDot(s string) bool { return s == "." || strings.EqualFold(s, "%2e") }

func isDoubleDot(s string) bool {
	switch strings.ToLower(s) {
	case "..", ".%2e", "%2e.", "%2e%2e":
		return true
	}
	return false
}

// A percentSet says which ASCII characters are percent-encoded, beside controls
// and everything beyond ASCII.
type percentSet [128]bool

func newPercentSet(base *percentSet, chars string) *percentSet {
	var s percentSet
	if base != nil {
		s = *base
	} else {
		for c := range 0x20 {
			s[c] = true
		}
		s[0x7f] = true
	}
	for _, c := range chars {
		s[c] = true
	}
	return &s
}

var (
	setC0           = newPercentSet(nil, "")
	setFragment     = newPercentSet(setC0, " \"<>`")
	setQuery        = newPercentSet(setC0, " \"#<>")
	setSpecialQuery = newPercentSet(setQuery, "'")
	setPath         = newPercentSet(setQuery, "?`{}")
	setUserinfo     = newPercentSet(setPath, "/:;=@[\\]^|")
)

const upperHex = "0123456789ABCDEF"

func (set *percentSet) appendRune(dst []byte, r rune) []byte {
	if r < 0x80 {
		if !set[r] {
			return append(dst, byte(r))
		}
		return append(dst, '%', upperHex[r>>4], upperHex[r&15])
	}
	var buf [4]byte
	for _, c := range buf[:utf8.EncodeRune(buf[:], r)] {
		dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
	}
	return dst
}

func (set *percentSet) encode(s string) string {
	dst := make([]byte, 0, len(s)+8)
	for _, r := range s {
		dst = set.appendRune(dst, r)
	}
	return string(dst)
}

func unhexDigit(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

func percentDecode(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHexDigit(s[i+1]) && isHexDigit(s[i+2]) {
			out = append(out, unhexDigit(s[i+1])<<4|unhexDigit(s[i+2]))
			i += 2
		} else {
			out = append(out, s[i])
		}
	}
	return out
}

// parseForm gives names and values, in turn.
func parseForm(s string) []string {
	out := []string{}
	for part := range strings.SplitSeq(s, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		out = append(out, formDecode(name), formDecode(value))
	}
	return out
}

func formDecode(s string) string {
	if strings.IndexByte(s, '+') >= 0 {
		s = strings.ReplaceAll(s, "+", " ")
	}
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	return nodeUTF8(percentDecode(s))
}

func appendForm(dst []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case isAlpha(rune(c)) || isDigit(rune(c)) || c == '*' || c == '-' || c == '.' || c == '_':
			dst = append(dst, c)
		case c == ' ':
			dst = append(dst, '+')
		default:
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

var urlNatives = map[string]Native{
	// parse(input, base or undefined) gives the fields; undefined if there is no
	// such URL, null if the base is none.
	"parse": func(_ *Call, args []any) (any, error) {
		input := argString(args, 0)
		if len(input) > maxURL {
			return nil, nil
		}
		var base *webURL
		if len(args) > 1 && args[1] != nil {
			b, ok := parseWebURL(argString(args, 1), nil)
			if !ok {
				return Null{}, nil
			}
			base = b
		}
		u, ok := parseWebURL(input, base)
		if !ok {
			return nil, nil
		}
		return u.fields(), nil
	},
	// set(href, property, value) gives the fields after the assignment.
	"set": func(_ *Call, args []any) (any, error) {
		u, ok := parseWebURL(argString(args, 0), nil)
		value := argString(args, 2)
		if !ok || len(value) > maxURL {
			return nil, nil
		}
		u.set(argString(args, 1), value)
		return u.fields(), nil
	},
	"domainToASCII": func(_ *Call, args []any) (any, error) {
		h, _ := parseHost(argString(args, 0), false)
		return h, nil
	},
	"domainToUnicode": func(_ *Call, args []any) (any, error) {
		h, ok := parseHost(argString(args, 0), false)
		if !ok {
			return "", nil
		}
		s, _ := hostProfile.ToUnicode(h)
		return s, nil
	},
}

var formNatives = map[string]Native{
	"parse": func(_ *Call, args []any) (any, error) {
		s := argString(args, 0)
		if len(s) > maxURL {
			return nil, errOversize("the query")
		}
		return parseForm(s), nil
	},
	// serialize(list of names and values in turn)
	"serialize": func(_ *Call, args []any) (any, error) {
		if len(args) == 0 {
			return "", nil
		}
		list, _ := args[0].([]any)
		var dst []byte
		for i := 0; i+1 < len(list); i += 2 {
			if i > 0 {
				dst = append(dst, '&')
			}
			dst = appendForm(dst, argString(list, i))
			dst = append(dst, '=')
			dst = appendForm(dst, argString(list, i+1))
			if len(dst) > maxNative {
				return nil, errOversize("the query")
			}
		}
		return string(dst), nil
	},
}
