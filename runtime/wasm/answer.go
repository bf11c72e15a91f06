package wasm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/rulebox/rulebox/internal/jsonscan"
)

// An Answer is what a rule or an action wrote.
type Answer struct {
	// User and Context are nil where they stay as they were.
	User, Context json.RawMessage
	// Commands are effects, each an array that begins with a name.
	Commands []json.RawMessage
}

// ParseAnswer reads what a module wrote: a JSON object with the members user and
// context, commands, or all of them. Nothing at all means that nothing changes.
// The error names the member.
func ParseAnswer(text []byte) (*Answer, error) {
	a := &Answer{}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return a, nil
	}
	if !utf8.Valid(text) {
		return nil, errors.New("the output is not JSON: it is not UTF-8")
	}
	var all map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&all); err != nil || all == nil {
		if text[0] != '{' && json.Valid(text) {
			return nil, fmt.Errorf("the output is %s; it must be a JSON object", jsonscan.Describe(text))
		}
		return nil, fmt.Errorf("the output is not JSON: %w (logs belong on standard error)", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("the output goes on after its JSON object, at byte %d (logs belong on standard error)", d.InputOffset())
	}
	for name, v := range all {
		switch name {
		case "user", "context":
			if v[0] != '{' {
				return nil, fmt.Errorf("the output's %s is %s; it must be an object", name, jsonscan.Describe(v))
			}
			if name == "user" {
				a.User = v
			} else {
				a.Context = v
			}
		case "commands":
			if err := json.Unmarshal(v, &a.Commands); err != nil || v[0] != '[' {
				return nil, fmt.Errorf("the output's commands is %s; it must be an array of arrays", jsonscan.Describe(v))
			}
			for i, c := range a.Commands {
				var parts []json.RawMessage
				if json.Unmarshal(c, &parts) != nil || len(parts) == 0 || parts[0][0] != '"' {
					return nil, fmt.Errorf(`the output's commands[%d] must be an array that begins with a name, such as ["idToken.setCustomClaim","key","value"]`, i)
				}
			}
		default:
			return nil, fmt.Errorf("the output has an unknown member %s; known are user, context and commands", clip(name))
		}
	}
	return a, nil
}
