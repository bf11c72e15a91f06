package modules

import "strings"

// The states of file URLs, paths, queries and fragments, and the setters.

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
