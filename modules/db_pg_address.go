package modules

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// pgConfigNatives: address(text) takes an address of the form that nearly all have,
// postgres://user:password@host:port/database?option=value, apart as the module
// does. It gives undefined for any other: the module's own expression reads it then,
// which costs a realm more than all else about an address.
var pgConfigNatives = map[string]Native{
	"address": func(_ *Call, args []any) (any, error) {
		o, ok := pgAddress(argString(args, 0))
		if !ok {
			return nil, nil
		}
		return o, nil
	},
}

func pgAddress(text string) (Object, bool) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "postgres" && scheme != "postgresql" || strings.Contains(text, "#") {
		return nil, false
	}
	if last := text[len(text)-1]; last <= ' ' || last >= utf8.RuneSelf {
		return nil, false // perhaps white space
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, database, _ := strings.Cut(rest, "/")
	user, host, named := cutLast(authority, "@")
	host, port, _ := strings.Cut(host, ":")
	if strings.HasPrefix(host, "[") || strings.Trim(port, "0123456789") != "" {
		return nil, false
	}
	var o Object
	for pair := range strings.SplitSeq(query, "&") {
		if k, v, ok := strings.Cut(pair, "="); ok && k != "" {
			k, v = uriDecoded(k), uriDecoded(strings.ReplaceAll(v, "+", " "))
			switch k {
			case "user", "password", "host", "port", "database", "dbname": // these have a part of their own in the address
				return nil, false
			}
			o = append(o, Field{k, v})
		}
	}
	if named {
		name, password, ok := strings.Cut(user, ":")
		o = append(o, Field{"user", uriDecoded(name)})
		if ok {
			o = append(o, Field{"password", uriDecoded(password)})
		}
	}
	if host != "" {
		o = append(o, Field{"host", uriDecoded(host)})
	}
	if port != "" {
		o = append(o, Field{"port", port})
	}
	if database != "" {
		o = append(o, Field{"database", uriDecoded(database)})
	}
	return o, true
}

// cutLast cuts around the last separator; without one all is after it.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// uriDecoded is decodeURIComponent, or the text itself where that throws.
func uriDecoded(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	if d, err := url.PathUnescape(s); err == nil && utf8.ValidString(d) {
		return d
	}
	return s
}
