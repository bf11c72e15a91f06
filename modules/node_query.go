package modules

var queryNatives = map[string]Native{
	// unescape(text) percent-decodes what can be decoded.
	"unescape": func(_ *Call, args []any) (any, error) { return percentDecode(argString(args, 0)), nil },
}
