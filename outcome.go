package rulebox

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"
	"unicode/utf8"
)

// An outcome is the JSON text that leaves a node for one invocation, the same on
// NATS, over HTTP and from the command line:
//
//	{"id":"…","decision":"allow|deny|redirect|suspend|fault",
//	 "status":"found|unknown_user|…",     only of user databases
//	 "user":{…},"context":{…},            only for allow, redirect and suspend
//	 "redirect":{"url":"…"},              only for redirect
//	 "commands":[["…",…],…],              what actions asked for, in order
//	 "suspend":{"kind":"form|challenge","command":["…",…]},  only for suspend
//	 "state":"…",                         resumes the chain, after redirect or suspend
//	 "error":{"code","name","message","hint","trace","script","oauth_error"},
//	 "logs":[{"level","text","script"}],
//	 "scripts":[{"name","duration_ms","status"}],
//	 "usage":{"queue_ms","run_ms","cpu_ms"}}
//
// An invocation with one value (an action's trigger, a hook, a database script) has
// "result":… in place of user and context, one with more than two "values":[…].
// Milliseconds are decimal numbers
// with microseconds as their smallest part. New members may be added; readers
// skip what they do not know.

// DecisionOf returns the decision that res and err amount to: deny for a verdict,
// fault for any other error unless the pipeline has set allow (the failure policy
// is to continue); without an error the one the pipeline has set, or else redirect
// if there is a URL to go to, and allow.
func DecisionOf(res *Result, err error) Decision {
	switch {
	case err != nil && CodeOf(err) == CodeDenied:
		return Deny
	case err != nil && res != nil && res.Decision == Allow:
		return Allow // the failure policy is to continue
	case err != nil:
		return Fault
	case res == nil:
		return Fault
	case res.Decision != "":
		return res.Decision
	case res.RedirectURL != "":
		return Redirect
	}
	return Allow
}

// AppendOutcome appends the outcome of an invocation to dst and returns it. Res
// may be nil with an error. Values are copied as they are: whoever took them
// from a worker has checked that they are JSON. The error's cause is left out,
// and so is the text of an error that is not an *Error.
func AppendOutcome(dst []byte, res *Result, err error) []byte {
	if res == nil && err == nil {
		err = Errorf(CodeInternal, "the invocation left neither a result nor an error")
	}
	if res == nil {
		res = &Result{}
	}
	dst = append(dst, `{"id":`...)
	dst = appendString(dst, res.ID)
	dst = append(dst, `,"decision":`...)
	dst = appendString(dst, string(DecisionOf(res, err)))
	dst = appendMember(dst, `,"status":`, res.Status)
	if err == nil || DecisionOf(res, err) == Allow {
		dst = appendValues(dst, res)
	}
	dst = appendEffects(dst, res, err)
	if err != nil {
		dst = append(dst, `,"error":`...)
		dst = appendError(dst, err)
	}
	dst = appendLogs(dst, res.Logs)
	dst = appendScripts(dst, res.Scripts)
	dst = append(dst, `,"usage":{"queue_ms":`...)
	dst = appendMillis(dst, res.Usage.Queue)
	dst = append(dst, `,"run_ms":`...)
	dst = appendMillis(dst, res.Usage.Run)
	dst = append(dst, `,"cpu_ms":`...)
	dst = appendMillis(dst, res.Usage.CPU)
	return append(dst, "}}"...)
}

func appendValues(dst []byte, res *Result) []byte {
	if len(res.Values) == 2 {
		dst = append(dst, `,"user":`...)
		dst = appendRaw(dst, res.Values[0])
		dst = append(dst, `,"context":`...)
		dst = appendRaw(dst, res.Values[1])
	} else if len(res.Values) == 1 {
		dst = appendRaw(append(dst, `,"result":`...), res.Values[0])
	} else if len(res.Values) > 0 {
		dst = append(dst, `,"values":[`...)
		for i, v := range res.Values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendRaw(dst, v)
		}
		dst = append(dst, ']')
	}
	if res.RedirectURL != "" {
		dst = append(dst, `,"redirect":{"url":`...)
		dst = appendString(dst, res.RedirectURL)
		dst = append(dst, '}')
	}
	return dst
}

// appendEffects appends what actions asked for, and how to go on.
func appendEffects(dst []byte, res *Result, err error) []byte {
	if len(res.Commands) > 0 {
		dst = append(dst, `,"commands":[`...)
		for i, c := range res.Commands {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendRaw(dst, c)
		}
		dst = append(dst, ']')
	}
	d := DecisionOf(res, err)
	if d == Suspend {
		if c, kind := Suspension(res.Commands); c != nil {
			dst = append(dst, `,"suspend":{"kind":`...)
			dst = appendString(dst, kind)
			dst = append(dst, `,"command":`...)
			dst = append(appendRaw(dst, c), '}')
		}
	}
	if d == Suspend || d == Redirect {
		dst = appendMember(dst, `,"state":`, res.State)
	}
	return dst
}

// suspensions are the commands that suspend a chain, with what they wait for.
var suspensions = map[string]string{
	"redirect.sendUserTo":             "redirect",
	"prompt.render":                   "form",
	"authentication.challengeWith":    "challenge",
	"authentication.challengeWithAny": "challenge",
	"authentication.enrollWith":       "challenge",
	"authentication.enrollWithAny":    "challenge",
}

// CommandName returns the first element of a command, "" if it is no array that
// begins with a string.
func CommandName(command json.RawMessage) string {
	i := skipSpace(command, 0)
	if i >= len(command) || command[i] != '[' {
		return ""
	}
	i = skipSpace(command, i+1)
	if i >= len(command) || command[i] != '"' {
		return ""
	}
	end, err := skipString(command, i)
	if err != nil {
		return ""
	}
	s, err := stringOf(command[i:end])
	if err != nil {
		return ""
	}
	return s
}

// Suspension returns the last of the commands that suspends a chain, and what the
// chain then waits for: redirect, form or challenge. It is nil and "" if none does.
func Suspension(commands []json.RawMessage) (command json.RawMessage, kind string) {
	for i := len(commands) - 1; i >= 0; i-- {
		if kind := suspensions[CommandName(commands[i])]; kind != "" {
			return commands[i], kind
		}
	}
	return nil, ""
}

func appendRaw(dst []byte, raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return append(dst, "null"...)
	}
	return append(dst, raw...)
}

// publicError returns err as a caller may see it.
func publicError(err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return Errorf(CodeTimeout, "the deadline passed")
	case errors.Is(err, context.Canceled):
		return Errorf(CodeInternal, "the request was cancelled")
	default:
		return Errorf(CodeInternal, "internal error; the node's log has the cause")
	}
}

func appendError(dst []byte, err error) []byte {
	e := publicError(err)
	dst = append(dst, `{"code":`...)
	dst = appendString(dst, string(e.Code))
	dst = appendMember(dst, `,"name":`, e.Name)
	dst = append(dst, `,"message":`...)
	dst = appendString(dst, e.Message)
	dst = appendMember(dst, `,"hint":`, e.Hint)
	dst = appendMember(dst, `,"trace":`, e.Trace)
	dst = appendMember(dst, `,"script":`, e.Script)
	dst = appendMember(dst, `,"oauth_error":`, e.OAuth)
	dst = appendMember(dst, `,"user_id":`, e.UserID)
	dst = appendMember(dst, `,"reason":`, e.Reason)
	return append(dst, '}')
}

func appendLogs(dst []byte, logs []Log) []byte {
	dst = append(dst, `,"logs":[`...)
	for i, l := range logs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"level":`...)
		dst = appendString(dst, l.Level)
		dst = append(dst, `,"text":`...)
		dst = appendString(dst, l.Text)
		dst = appendMember(dst, `,"script":`, l.Script)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func appendScripts(dst []byte, scripts []ScriptUsage) []byte {
	dst = append(dst, `,"scripts":[`...)
	for i, s := range scripts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"name":`...)
		dst = appendString(dst, s.Name)
		dst = append(dst, `,"duration_ms":`...)
		dst = appendMillis(dst, s.Duration)
		dst = append(dst, `,"status":`...)
		dst = appendString(dst, s.Status)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// appendMember appends the member unless its value is empty.
func appendMember(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	return appendString(append(dst, key...), value)
}

// appendMillis appends d in milliseconds with up to three decimals. A negative
// duration is written as 0: clocks differ, and no cost is negative.
func appendMillis(dst []byte, d time.Duration) []byte {
	us := max(d.Microseconds(), 0)
	dst = strconv.AppendInt(dst, us/1000, 10)
	if frac := us % 1000; frac != 0 {
		digits := [4]byte{'.', byte('0' + frac/100), byte('0' + frac/10%10), byte('0' + frac%10)}
		n := 4
		for digits[n-1] == '0' {
			n--
		}
		dst = append(dst, digits[:n]...)
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = append(dst, `\ufffd`...)
		} else {
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
