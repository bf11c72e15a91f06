package modules

import (
	"bytes"
	"encoding/hex"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"
)

const (
	maxParts    = 1000
	maxBoundary = 200
)

// bodyNatives make and read request and response bodies.
var bodyNatives = map[string]Native{
	"encode": func(c *Call, args []any) (any, error) {
		s, _ := webString(args, 0)
		return []byte(s), nil
	},
	"join":      bodyJoin,
	"boundary":  bodyBoundary,
	"multipart": bodyMultipart,
	"parse":     bodyParse,
}

// bodyJoin concatenates strings and byte views.
func bodyJoin(c *Call, args []any) (any, error) {
	list, _ := webArg(args, 0).([]any)
	var b bytes.Buffer
	for _, v := range list {
		switch v := v.(type) {
		case string:
			b.WriteString(v)
		case []byte:
			b.Write(v)
		}
		if b.Len() > 4*httpMaxBody {
			return nil, &Throw{Class: "RangeError", Message: "the body is too large"}
		}
	}
	return b.Bytes(), nil
}

func bodyBoundary(c *Call, args []any) (any, error) {
	var b [12]byte
	if _, err := io.ReadFull(c.rand(), b[:]); err != nil {
		return nil, err
	}
	return hex.EncodeToString(b[:]), nil
}

// escapeFormName is the escape of names in multipart/form-data of the HTML standard.
var escapeFormName = strings.NewReplacer("\r\n", "%0D%0A", "\r", "%0D", "\n", "%0A", `"`, "%22")

// bodyMultipart(boundary, [[name, string | bytes, filename, type]…]) → bytes
func bodyMultipart(c *Call, args []any) (any, error) {
	boundary, _ := webString(args, 0)
	parts, _ := webArg(args, 1).([]any)
	var b bytes.Buffer
	for _, p := range parts {
		part, _ := p.([]any)
		name, _ := webString(part, 0)
		b.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + escapeFormName.Replace(name) + `"`)
		if data, ok := webBytes(part, 1); ok {
			file, _ := webString(part, 2)
			kind, _ := webString(part, 3)
			b.WriteString(`; filename="` + escapeFormName.Replace(file) + "\"\r\nContent-Type: " + strings.NewReplacer("\r", "", "\n", "").Replace(kind) + "\r\n\r\n")
			b.Write(data)
		} else {
			text, _ := webString(part, 1)
			b.WriteString("\r\n\r\n")
			b.WriteString(crlf(text))
		}
		b.WriteString("\r\n")
		if b.Len() > httpMaxRequest+1<<20 {
			return nil, Coded("ERR_REQUEST_TOO_LARGE", "the form is too large to send")
		}
	}
	b.WriteString("--" + boundary + "--\r\n")
	return b.Bytes(), nil
}

// crlf makes every line break of a form value CR LF.
func crlf(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	return strings.ReplaceAll(s, "\n", "\r\n")
}

var errFormParse = &Throw{Class: "TypeError", Message: "Failed to parse body as FormData."}

// bodyParse(bytes, content type) → [[name, string] | [name, bytes, filename, type]…]
func bodyParse(c *Call, args []any) (any, error) {
	data, _ := webBytes(args, 0)
	contentType, _ := webString(args, 1)
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" || len(params["boundary"]) > maxBoundary {
		return nil, errFormParse
	}
	r := multipart.NewReader(bytes.NewReader(data), params["boundary"])
	out := []any{}
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return out, nil
		}
		if err != nil || len(out) >= maxParts {
			return nil, errFormParse
		}
		row, err := readPart(p)
		if err != nil {
			return nil, errFormParse
		}
		out = append(out, row)
	}
}

func readPart(p *multipart.Part) ([]any, error) {
	b, err := io.ReadAll(p)
	if err != nil {
		return nil, err
	}
	name, file, isFile := dispositionOf(p.Header)
	if name == nil {
		return nil, errFormParse
	}
	if !isFile {
		return []any{*name, utf8Text(b)}, nil
	}
	kind := p.Header.Get("Content-Type")
	if kind == "" {
		kind = "text/plain"
	}
	return []any{*name, b, file, kind}, nil
}

var unescapeFormName = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%22", `"`)

func dispositionOf(h textproto.MIMEHeader) (name *string, file string, isFile bool) {
	_, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	if err != nil {
		return nil, "", false
	}
	if n, ok := params["name"]; ok {
		n = unescapeFormName.Replace(n)
		name = &n
	}
	file, isFile = params["filename"]
	return name, unescapeFormName.Replace(file), isFile
}
