package modules

import "strings"

// encodingName returns the canonical name of a Node.js encoding, "" for none
// and for one that is unknown.
func encodingName(v any) string {
	s, _ := v.(string)
	switch s {
	case "utf8", "hex", "base64", "base64url", "latin1", "ascii", "utf16le":
		return s
	}
	switch strings.ToLower(s) {
	case "utf8", "utf-8":
		return "utf8"
	case "hex", "base64", "base64url", "latin1", "ascii", "utf16le":
		return strings.ToLower(s)
	case "binary":
		return "latin1"
	case "ucs2", "ucs-2", "utf-16le":
		return "utf16le"
	}
	return ""
}

// encoded returns b as text in the encoding, or as bytes if that is not one.
func encoded(b []byte, encoding any) any {
	if enc := encodingName(encoding); enc != "" {
		if s, ok := nodeDecode(b, enc); ok {
			return s
		}
	}
	return b
}

// dataBytes returns the argument's bytes: a view, or text in the encoding that
// the next argument names. A view must not be kept.
func dataBytes(args []any, i int) []byte {
	if b, ok := webBytes(args, i); ok {
		return b
	}
	s, _ := webString(args, i)
	enc := encodingName(webArg(args, i+1))
	if enc == "" {
		enc = "utf8"
	}
	return nodeEncode(s, enc)
}

// secretBytes returns a secret given as text, bytes or the handle of a secret
// key. A view must not be kept.
func secretBytes(c *Call, args []any, i int) ([]byte, error) {
	switch v := webArg(args, i).(type) {
	case string:
		return []byte(v), nil
	case []byte:
		return v, nil
	case float64:
		if k, ok := c.Realm.Handle(v).(*keyMaterial); ok && k.kind == keySecret {
			return k.secret, nil
		}
	}
	return nil, errBadHandle
}
