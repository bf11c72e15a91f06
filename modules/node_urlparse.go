package modules

import (
	"strings"
	"unicode/utf8"
)

type urlState int

const (
	noState urlState = iota
	schemeStart
	schemeState
	noScheme
	specialRelativeOrAuthority
	pathOrAuthority
	relativeState
	relativeSlash
	specialAuthoritySlashes
	specialAuthorityIgnoreSlashes
	authorityState
	hostState
	hostnameState
	portState
	fileState
	fileSlash
	fileHost
	pathStart
	pathState
	opaquePath
	queryState
	fragmentState
)

const eof = rune(-1)

type verdict int

const (
	goOn verdict = iota
	done         // leave the parser, keep the record
	fail
)

// urlParser is the basic URL parser. Each method is one state of the standard
// and handles the character c at p.
type urlParser struct {
	u        *webURL
	base     *webURL
	in       []rune
	p        int
	c        rune
	state    urlState
	override urlState
	buf      []byte
	at       bool // an @ was seen
	brackets bool
	password bool // the password token was seen
	// Credentials so far: there may be very many @.
	user, pass []byte
}

func parseWebURL(input string, base *webURL) (*webURL, bool) {
	input = strings.TrimFunc(input, func(r rune) bool { return r <= 0x20 })
	u := &webURL{port: -1}
	if !runURLParser(u, input, base, noState) {
		return nil, false
	}
	return u, true
}

// runURLParser reports failure only; a setter whose value is no good leaves u as
// far as the standard leaves it.
func runURLParser(u *webURL, input string, base *webURL, override urlState) bool {
	if strings.ContainsAny(input, "\t\n\r") {
		input = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(input)
	}
	p := &urlParser{u: u, base: base, in: []rune(input), override: override, state: override}
	if override == noState {
		p.state = schemeStart
	}
	for ; ; p.p++ {
		p.c = eof
		if p.p < len(p.in) {
			p.c = p.in[p.p]
		}
		switch urlStates[p.state](p) {
		case fail:
			return false
		case done:
			return true
		}
		if p.p >= len(p.in) {
			return true
		}
	}
}

var urlStates [fragmentState + 1]func(*urlParser) verdict

func init() { // the states name each other through back, so this cannot be a literal
	urlStates = [...]func(*urlParser) verdict{
		schemeStart: (*urlParser).inSchemeStart, schemeState: (*urlParser).inScheme, noScheme: (*urlParser).inNoScheme,
		specialRelativeOrAuthority: (*urlParser).inSpecialRelative, pathOrAuthority: (*urlParser).inPathOrAuthority,
		relativeState: (*urlParser).inRelative, relativeSlash: (*urlParser).inRelativeSlash,
		specialAuthoritySlashes: (*urlParser).inAuthoritySlashes, specialAuthorityIgnoreSlashes: (*urlParser).inIgnoreSlashes,
		authorityState: (*urlParser).inAuthority, hostState: (*urlParser).inHost, hostnameState: (*urlParser).inHost,
		portState: (*urlParser).inPort, fileState: (*urlParser).inFile, fileSlash: (*urlParser).inFileSlash,
		fileHost: (*urlParser).inFileHost, pathStart: (*urlParser).inPathStart, pathState: (*urlParser).inPath,
		opaquePath: (*urlParser).inOpaquePath, queryState: (*urlParser).inQuery, fragmentState: (*urlParser).inFragment,
	}
}

// back continues with the state at the same character.
func (p *urlParser) back(s urlState) verdict { p.state = s; p.p--; return goOn }

func (p *urlParser) to(s urlState) verdict { p.state = s; return goOn }

func (p *urlParser) rest() []rune { return p.in[min(p.p+1, len(p.in)):] }

func (p *urlParser) slashFollows() bool {
	r := p.rest()
	return len(r) > 0 && r[0] == '/'
}

func (p *urlParser) inSchemeStart() verdict {
	if p.c < 0x80 && p.c != eof && isAlpha(p.c) {
		p.buf = append(p.buf, byte(p.c|0x20))
		return p.to(schemeState)
	}
	if p.override == noState {
		return p.back(noScheme)
	}
	return fail
}

func (p *urlParser) inScheme() verdict {
	c := p.c
	switch {
	case c > 0 && c < 0x80 && (isAlpha(c) || isDigit(c) || c == '+' || c == '-' || c == '.'):
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		p.buf = append(p.buf, byte(c))
		return goOn
	case c == ':':
		return p.schemeEnd()
	case p.override == noState:
		p.buf = p.buf[:0]
		p.p = -1
		return p.to(noScheme)
	}
	return fail
}

func (p *urlParser) schemeEnd() verdict {
	u, name := p.u, string(p.buf)
	if p.override != noState {
		_, special := specialPorts[name]
		if u.special() != special ||
			(u.username != "" || u.password != "" || u.port >= 0) && name == "file" ||
			u.scheme == "file" && u.host == "" {
			return done
		}
		u.scheme = name
		if d, ok := specialPorts[name]; ok && d == u.port {
			u.port = -1
		}
		return done
	}
	u.scheme = name
	p.buf = p.buf[:0]
	switch {
	case name == "file":
		return p.to(fileState)
	case u.special() && p.base != nil && p.base.scheme == name:
		return p.to(specialRelativeOrAuthority)
	case u.special():
		return p.to(specialAuthoritySlashes)
	case p.slashFollows():
		p.p++
		return p.to(pathOrAuthority)
	}
	u.opaque, u.path = true, []string{""}
	return p.to(opaquePath)
}

func (p *urlParser) inNoScheme() verdict {
	b := p.base
	switch {
	case b == nil || b.opaque && p.c != '#':
		return fail
	case b.opaque:
		p.u.scheme, p.u.path, p.u.opaque = b.scheme, append([]string{}, b.path...), true
		p.u.query, p.u.hasQuery, p.u.hasFragment = b.query, b.hasQuery, true
		return p.to(fragmentState)
	case b.scheme != "file":
		return p.back(relativeState)
	}
	return p.back(fileState)
}

func (p *urlParser) inSpecialRelative() verdict {
	if p.c == '/' && p.slashFollows() {
		p.p++
		return p.to(specialAuthorityIgnoreSlashes)
	}
	return p.back(relativeState)
}

func (p *urlParser) inPathOrAuthority() verdict {
	if p.c == '/' {
		return p.to(authorityState)
	}
	return p.back(pathState)
}

// inherit takes the base's authority.
func (p *urlParser) inherit() {
	u, b := p.u, p.base
	u.username, u.password, u.host, u.hasHost, u.port = b.username, b.password, b.host, b.hasHost, b.port
}

func (p *urlParser) inRelative() verdict {
	u, b := p.u, p.base
	u.scheme = b.scheme
	if p.c == '/' || u.special() && p.c == '\\' {
		return p.to(relativeSlash)
	}
	p.inherit()
	u.path, u.query, u.hasQuery = append([]string{}, b.path...), b.query, b.hasQuery
	return p.afterBase()
}

// afterBase goes on behind what was taken from the base, path and query included.
func (p *urlParser) afterBase() verdict {
	u := p.u
	switch p.c {
	case '?':
		u.query, u.hasQuery = "", true
		return p.to(queryState)
	case '#':
		u.fragment, u.hasFragment = "", true
		return p.to(fragmentState)
	case eof:
		return goOn
	}
	u.query, u.hasQuery = "", false
	u.shorten()
	return p.back(pathState)
}

func (p *urlParser) inRelativeSlash() verdict {
	switch {
	case p.u.special() && (p.c == '/' || p.c == '\\'):
		return p.to(specialAuthorityIgnoreSlashes)
	case p.c == '/':
		return p.to(authorityState)
	}
	p.inherit()
	return p.back(pathState)
}

func (p *urlParser) inAuthoritySlashes() verdict {
	if p.c == '/' && p.slashFollows() {
		p.p++
		return p.to(specialAuthorityIgnoreSlashes)
	}
	return p.back(specialAuthorityIgnoreSlashes)
}

func (p *urlParser) inIgnoreSlashes() verdict {
	if p.c != '/' && p.c != '\\' {
		return p.back(authorityState)
	}
	return goOn
}

func (p *urlParser) endsAuthority() bool {
	return p.c == eof || p.c == '/' || p.c == '?' || p.c == '#' || p.u.special() && p.c == '\\'
}

func (p *urlParser) inAuthority() verdict {
	u := p.u
	switch {
	case p.c == '@':
		if p.at {
			p.buf = append([]byte("%40"), p.buf...)
		}
		p.at = true
		for _, r := range string(p.buf) {
			if r == ':' && !p.password {
				p.password = true
			} else if p.password {
				p.pass = setUserinfo.appendRune(p.pass, r)
			} else {
				p.user = setUserinfo.appendRune(p.user, r)
			}
		}
		p.buf = p.buf[:0]
	case p.endsAuthority():
		if p.at && len(p.buf) == 0 {
			return fail
		}
		u.username, u.password = string(p.user), string(p.pass)
		p.p -= utf8.RuneCount(p.buf) + 1
		p.buf = p.buf[:0]
		return p.to(hostState)
	default:
		p.push()
	}
	return goOn
}

func (p *urlParser) push() { p.buf = append(p.buf, string(p.c)...) }

func (p *urlParser) inHost() verdict {
	u := p.u
	switch {
	case p.override != noState && u.scheme == "file":
		return p.back(fileHost)
	case p.c == ':' && !p.brackets:
		if len(p.buf) == 0 || p.override == hostnameState {
			return fail
		}
		if !p.takeHost() {
			return fail
		}
		return p.to(portState)
	case p.endsAuthority():
		p.p--
		if u.special() && len(p.buf) == 0 {
			return fail
		}
		if p.override != noState && len(p.buf) == 0 && (u.username != "" || u.password != "" || u.port >= 0) {
			return fail
		}
		if !p.takeHost() {
			return fail
		}
		if p.override != noState {
			return done
		}
		return p.to(pathStart)
	}
	switch p.c {
	case '[':
		p.brackets = true
	case ']':
		p.brackets = false
	}
	p.push()
	return goOn
}

func (p *urlParser) takeHost() bool {
	if len(p.buf) == 0 && !p.u.special() {
		p.u.host, p.u.hasHost = "", true
		return true
	}
	h, ok := parseHost(string(p.buf), !p.u.special())
	if ok {
		p.u.host, p.u.hasHost = h, true
		p.buf = p.buf[:0]
	}
	return ok
}

func (p *urlParser) inPort() verdict {
	switch {
	case isDigit(p.c):
		p.push()
		return goOn
	case p.endsAuthority() || p.override != noState:
		if len(p.buf) != 0 {
			port := 0
			for _, c := range p.buf {
				if port = port*10 + int(c-'0'); port > 65535 {
					return fail
				}
			}
			if d, ok := specialPorts[p.u.scheme]; ok && d == port {
				port = -1
			}
			p.u.port = port
			p.buf = p.buf[:0]
			if p.override != noState {
				return done
			}
		}
		if p.override != noState {
			return fail
		}
		return p.back(pathStart)
	}
	return fail
}
