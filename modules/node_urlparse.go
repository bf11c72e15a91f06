package modules

import (
	"strings"
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
}

func parseWebURL(input string, base *webURL) (*webURL, bool) {
	input = strings.TrimFunc(input, func(r rune) bool { return r <= 0x20 })
	u := &webURL{port: -1}
	ok := runURLParser(u, input, base, noState)
	return u, ok
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
		var name, pass []byte
		for _, r := range string(p.buf) {
			if r == ':' && !p.password {
				p.password = true
			} else if p.password {
				pass = setUserinfo.appendRune(pass, r)
			} else {
				name = setUserinfo.appendRune(name, r)
			}
		}
		u.username += string(name)
		u.password += string(pass)
		p.buf = p.buf[:0]
	case p.endsAuthority():
		if p.at && len(p.buf) == 0 {
			return fail
		}
		p.p -= len([]rune(string(p.buf))) + 1
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

func (p *urlParser) inFile() verdict {
	u, b := p.u, p.base
	u.scheme = "file"
	u.host, u.hasHost = "", true
	switch {
	case p.c == '/' || p.c == '\\':
		return p.to(fileSlash)
	case b == nil || b.scheme != "file":
		return p.back(pathState)
	}
	u.host, u.hasHost = b.host, b.hasHost
	u.path, u.query, u.hasQuery = append([]string{}, b.path...), b.query, b.hasQuery
	if p.c == '?' || p.c == '#' || p.c == eof {
		return p.afterBase()
	}
	u.query, u.hasQuery = "", false
	if startsWithDrive(p.in[p.p:]) {
		u.path = nil
	} else {
		u.shorten()
	}
	return p.back(pathState)
}

func (p *urlParser) inFileSlash() verdict {
	if p.c == '/' || p.c == '\\' {
		return p.to(fileHost)
	}
	if b := p.base; b != nil && b.scheme == "file" {
		p.u.host, p.u.hasHost = b.host, b.hasHost
		if !startsWithDrive(p.in[p.p:]) && len(b.path) > 0 && isNormalDrive(b.path[0]) {
			p.u.path = append(p.u.path, b.path[0])
		}
	}
	return p.back(pathState)
}

func (p *urlParser) inFileHost() verdict {
	if p.c != eof && !strings.ContainsRune(`/\?#`, p.c) {
		p.push()
		return goOn
	}
	p.p--
	switch {
	case p.override == noState && isDrive(string(p.buf)):
		return p.to(pathState)
	case len(p.buf) == 0:
		p.u.host, p.u.hasHost = "", true
	default:
		h, ok := parseHost(string(p.buf), false)
		if !ok {
			return fail
		}
		if h == "localhost" {
			h = ""
		}
		p.u.host, p.u.hasHost = h, true
	}
	if p.override != noState {
		return done
	}
	p.buf = p.buf[:0]
	return p.to(pathStart)
}

func (p *urlParser) inPathStart() verdict {
	u := p.u
	switch {
	case u.special():
		p.state = pathState
		if p.c != '/' && p.c != '\\' {
			p.p--
		}
	case p.override == noState && p.c == '?':
		u.query, u.hasQuery = "", true
		return p.to(queryState)
	case p.override == noState && p.c == '#':
		u.fragment, u.hasFragment = "", true
		return p.to(fragmentState)
	case p.c != eof:
		p.state = pathState
		if p.c != '/' {
			p.p--
		}
	case p.override != noState && !u.hasHost:
		u.path = append(u.path, "")
	}
	return goOn
}

func (p *urlParser) inPath() verdict {
	u := p.u
	slash := p.c == '/' || u.special() && p.c == '\\'
	if p.c != eof && !slash && (p.override != noState || p.c != '?' && p.c != '#') {
		p.buf = setPath.appendRune(p.buf, p.c)
		return goOn
	}
	segment := string(p.buf)
	switch {
	case isDoubleDot(segment):
		u.shorten()
		if !slash {
			u.path = append(u.path, "")
		}
	case isSingleDot(segment):
		if !slash {
			u.path = append(u.path, "")
		}
	default:
		if u.scheme == "file" && len(u.path) == 0 && isDrive(segment) {
			segment = segment[:1] + ":"
		}
		u.path = append(u.path, segment)
	}
	p.buf = p.buf[:0]
	switch p.c {
	case '?':
		u.query, u.hasQuery = "", true
		p.state = queryState
	case '#':
		u.fragment, u.hasFragment = "", true
		p.state = fragmentState
	}
	return goOn
}

func (p *urlParser) inOpaquePath() verdict {
	u := p.u
	if p.c == '?' || p.c == '#' || p.c == eof {
		u.path[0] = string(p.buf)
		p.buf = p.buf[:0]
		switch p.c {
		case '?':
			u.hasQuery = true
			p.state = queryState
		case '#':
			u.hasFragment = true
			p.state = fragmentState
		}
		return goOn
	}
	p.buf = setC0.appendRune(p.buf, p.c)
	return goOn
}

func (p *urlParser) inQuery() verdict {
	u := p.u
	if p.c == eof || p.override == noState && p.c == '#' {
		u.query += string(p.buf)
		p.buf = p.buf[:0]
		if p.c == '#' {
			u.fragment, u.hasFragment = "", true
			p.state = fragmentState
		}
		return goOn
	}
	set := setQuery
	if u.special() {
		set = setSpecialQuery
	}
	p.buf = set.appendRune(p.buf, p.c)
	return goOn
}

func (p *urlParser) inFragment() verdict {
	if p.c == eof {
		p.u.fragment += string(p.buf)
		return goOn
	}
	p.buf = setFragment.appendRune(p.buf, p.c)
	return goOn
}

// set assigns one property as the setters of URL objects do.
func (u *webURL) set(property, value string) {
	switch property {
	case "protocol":
		runURLParser(u, value+":", nil, schemeStart)
	case "username":
		if !u.noCredentials() {
			u.username = setUserinfo.encode(value)
		}
	case "password":
		if !u.noCredentials() {
			u.password = setUserinfo.encode(value)
		}
	case "host", "hostname":
		if u.opaque {
			return
		}
		state := hostState
		if property == "hostname" {
			state = hostnameState
		}
		runURLParser(u, value, nil, state)
	case "port":
		if u.noCredentials() {
			return
		}
		if value == "" {
			u.port = -1
		} else {
			runURLParser(u, value, nil, portState)
		}
	case "pathname":
		if !u.opaque {
			u.path = nil
			runURLParser(u, value, nil, pathStart)
		}
	case "search":
		u.query, u.hasQuery = "", value != ""
		if value == "" {
			u.stripOpaque()
			return
		}
		runURLParser(u, strings.TrimPrefix(value, "?"), nil, queryState)
	case "hash":
		u.fragment, u.hasFragment = "", value != ""
		if value == "" {
			u.stripOpaque()
			return
		}
		runURLParser(u, strings.TrimPrefix(value, "#"), nil, fragmentState)
	}
}
