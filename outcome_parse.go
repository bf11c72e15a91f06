package rulebox

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"
)

// ParseOutcome is the inverse of AppendOutcome: it returns the result and the
// *Error that an outcome tells of. Text that is no outcome is an error with
// CodeInternal, and so is an outcome that contradicts itself (a denial without
// an error), so that a login is never allowed by accident.
//
// Values share memory with data. Only their extent is checked here; whether they
// are JSON inside is found by whoever decodes them.
func ParseOutcome(data []byte) (*Result, error) {
	var (
		res    Result
		fault  *Error
		values [2]json.RawMessage
	)
	end, err := eachMember(data, skipSpace(data, 0), func(key, v []byte) (err error) {
		switch string(key) {
		case "id":
			res.ID, err = stringOf(v)
		case "decision":
			var s string
			s, err = stringOf(v)
			res.Decision = Decision(s)
		case "status":
			res.Status, err = stringOf(v)
		case "user":
			values[0] = v
		case "context":
			values[1] = v
		case "result":
			res.Values = []json.RawMessage{v}
		case "values":
			err = eachElement(v, func(v []byte) error {
				res.Values = append(res.Values, v)
				return nil
			})
		case "redirect":
			_, err = eachMember(v, 0, func(key, v []byte) (err error) {
				if string(key) == "url" {
					res.RedirectURL, err = stringOf(v)
				}
				return err
			})
		case "commands":
			err = eachElement(v, func(v []byte) error {
				res.Commands = append(res.Commands, v)
				return nil
			})
		case "state":
			res.State, err = stringOf(v)
		case "error":
			fault, err = parseError(v)
		case "logs":
			res.Logs, err = parseLogs(v)
		case "scripts":
			res.Scripts, err = parseScripts(v)
		case "usage":
			res.Usage, err = parseUsage(v)
		}
		return err
	})
	if err == nil && skipSpace(data, end) != len(data) {
		err = errors.New("text after the outcome")
	}
	if err != nil {
		return nil, notOutcome(err)
	}
	if values[0] != nil && values[1] != nil {
		res.Values = values[:]
	}
	return reconcile(&res, fault)
}

// reconcile returns res and fault if the decision goes with them.
func reconcile(res *Result, fault *Error) (*Result, error) {
	switch d := res.Decision; {
	case fault == nil && (d == Allow || d == Redirect && res.RedirectURL != "" || d == Suspend && res.State != ""):
		return res, nil
	case fault != nil && d == Allow && fault.Code != CodeDenied && len(res.Values) > 0:
		return res, fault // the failure policy is to continue
	case fault != nil && (d == Deny && fault.Code == CodeDenied || d == Fault && fault.Code != CodeDenied):
		res.Values = nil
		return res, fault
	}
	return nil, notOutcome(errors.New("its decision and its error contradict each other"))
}

func notOutcome(err error) *Error {
	return Errorf(CodeInternal, "the answer is not an outcome: %v", err).
		WithHint("client and node must speak the same version of the protocol")
}

func parseError(v []byte) (*Error, error) {
	if string(v) == "null" {
		return nil, nil
	}
	var e Error
	_, err := eachMember(v, 0, func(key, v []byte) (err error) {
		switch string(key) {
		case "code":
			var s string
			s, err = stringOf(v)
			e.Code = Code(s)
		case "name":
			e.Name, err = stringOf(v)
		case "message":
			e.Message, err = stringOf(v)
		case "hint":
			e.Hint, err = stringOf(v)
		case "trace":
			e.Trace, err = stringOf(v)
		case "script":
			e.Script, err = stringOf(v)
		case "oauth_error":
			e.OAuth, err = stringOf(v)
		case "user_id":
			e.UserID, err = stringOf(v)
		case "reason":
			e.Reason, err = stringOf(v)
		}
		return err
	})
	if err == nil && e.Code == "" {
		err = errors.New("its error has no code")
	}
	return &e, err
}

func parseLogs(v []byte) (logs []Log, err error) {
	err = eachElement(v, func(v []byte) error {
		var l Log
		_, err := eachMember(v, 0, func(key, v []byte) (err error) {
			switch string(key) {
			case "level":
				l.Level, err = stringOf(v)
			case "text":
				l.Text, err = stringOf(v)
			case "script":
				l.Script, err = stringOf(v)
			}
			return err
		})
		logs = append(logs, l)
		return err
	})
	return logs, err
}

func parseScripts(v []byte) (scripts []ScriptUsage, err error) {
	err = eachElement(v, func(v []byte) error {
		var s ScriptUsage
		_, err := eachMember(v, 0, func(key, v []byte) (err error) {
			switch string(key) {
			case "name":
				s.Name, err = stringOf(v)
			case "duration_ms":
				s.Duration, err = millisOf(v)
			case "status":
				s.Status, err = stringOf(v)
			}
			return err
		})
		scripts = append(scripts, s)
		return err
	})
	return scripts, err
}

func parseUsage(v []byte) (u Usage, err error) {
	_, err = eachMember(v, 0, func(key, v []byte) (err error) {
		switch string(key) {
		case "queue_ms":
			u.Queue, err = millisOf(v)
		case "run_ms":
			u.Run, err = millisOf(v)
		case "cpu_ms":
			u.CPU, err = millisOf(v)
		}
		return err
	})
	return u, err
}

// The scanner below finds extents. It is told the truth by nodes and is no
// validator: it must neither panic nor read past the end on anything, and must
// read every valid text right.

var (
	errTruncated = errors.New("the text ends too early")
	errSyntax    = errors.New("malformed JSON")
)

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// eachMember calls f with the unescaped key and the raw value of each member of
// the object that begins at b[i], and returns the index after the object.
func eachMember(b []byte, i int, f func(key, value []byte) error) (int, error) {
	if i >= len(b) || b[i] != '{' {
		return i, errors.New("an object was expected")
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return i, errSyntax
		}
		end, err := skipString(b, i)
		if err != nil {
			return i, err
		}
		key := b[i+1 : end-1]
		if bytes.IndexByte(key, '\\') >= 0 {
			s, err := stringOf(b[i:end])
			if err != nil {
				return i, err
			}
			key = []byte(s)
		}
		i = skipSpace(b, end)
		if i >= len(b) || b[i] != ':' {
			return i, errSyntax
		}
		start := skipSpace(b, i+1)
		if i, err = skipValue(b, start); err != nil {
			return i, err
		}
		if err := f(key, b[start:i:i]); err != nil {
			return i, err
		}
		i = skipSpace(b, i)
		switch {
		case i >= len(b):
			return i, errTruncated
		case b[i] == '}':
			return i + 1, nil
		case b[i] != ',':
			return i, errSyntax
		}
		i = skipSpace(b, i+1)
	}
}

// eachElement calls f with each element of the array b.
func eachElement(b []byte, f func(value []byte) error) error {
	if len(b) == 0 || b[0] != '[' {
		return errors.New("an array was expected")
	}
	i := skipSpace(b, 1)
	if i < len(b) && b[i] == ']' {
		return nil
	}
	for {
		end, err := skipValue(b, i)
		if err != nil {
			return err
		}
		if err := f(b[i:end:end]); err != nil {
			return err
		}
		i = skipSpace(b, end)
		switch {
		case i >= len(b):
			return errTruncated
		case b[i] == ']':
			return nil
		case b[i] != ',':
			return errSyntax
		}
		i = skipSpace(b, i+1)
	}
}

// skipString returns the index after the string that begins at b[i].
func skipString(b []byte, i int) (int, error) {
	for j := i + 1; ; {
		n := bytes.IndexByte(b[j:], '"')
		if n < 0 {
			return i, errTruncated
		}
		if n == 0 || b[j+n-1] != '\\' {
			return j + n + 1, nil
		}
		// An even number of backslashes before a quote are all escaped ones.
		k := j + n
		for k > i+1 && b[k-1] == '\\' {
			k--
		}
		j += n + 1
		if (j-1-k)%2 == 0 {
			return j, nil
		}
	}
}

// skipValue returns the index after the value that begins at b[i].
func skipValue(b []byte, i int) (int, error) {
	if i >= len(b) {
		return i, errTruncated
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		return skipContainer(b, i)
	}
	start := i
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ' ', '\n', '\r', '\t', '"', '{', '[', ':':
			if i == start {
				return i, errSyntax
			}
			return i, nil
		}
		i++
	}
	return i, nil
}

func skipContainer(b []byte, i int) (int, error) {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			end, err := skipString(b, i)
			if err != nil {
				return i, err
			}
			i = end
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, nil
			}
		}
		i++
	}
	return i, errTruncated
}

// stringOf returns the string that the JSON string v stands for.
func stringOf(v []byte) (string, error) {
	if len(v) < 2 || v[0] != '"' {
		return "", errors.New("a string was expected")
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1]), nil
	}
	var s string
	if err := json.Unmarshal(v, &s); err != nil {
		return "", errSyntax
	}
	return s, nil
}

// maxMillis is about 31 years.
const maxMillis = 1e12

func millisOf(v []byte) (time.Duration, error) {
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || f < 0 || f > maxMillis {
		return 0, errors.New("a number of milliseconds was expected")
	}
	return time.Duration(math.Round(f*1000)) * time.Microsecond, nil
}
