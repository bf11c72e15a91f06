package wire

import (
	"errors"
	"slices"
	"time"

	"github.com/rulebox/rulebox"
)

// maxCause bounds what a worker tells about the cause of an error, in bytes.
const maxCause = 1 << 10

func appendError(b []byte, e *rulebox.Error) []byte {
	b = appendBool(b, e != nil)
	if e == nil {
		return b
	}
	b = appendBytes(b, e.Code)
	b = appendBytes(b, e.Name)
	b = appendBytes(b, e.Message)
	b = appendBytes(b, e.Hint)
	b = appendBytes(b, e.Trace)
	b = appendBytes(b, e.Script)
	b = appendBytes(b, e.OAuth)
	b = appendBytes(b, e.UserID)
	b = appendBytes(b, e.Reason)
	cause := ""
	if e.Cause != nil {
		cause = e.Cause.Error()
	}
	return appendBytes(b, cause[:min(len(cause), maxCause)])
}

func (d *decoder) error() *rulebox.Error {
	if !d.bool() {
		return nil
	}
	e := &rulebox.Error{Code: rulebox.Code(d.string()), Name: d.string(), Message: d.string(), Hint: d.string(), Trace: d.string(), Script: d.string(), OAuth: d.string(), UserID: d.string(), Reason: d.string()}
	if cause := d.bytes(); len(cause) > maxCause {
		d.fail("cause")
	} else if len(cause) > 0 {
		e.Cause = errors.New(string(cause))
	}
	if d.err == nil && !slices.Contains(rulebox.Codes, e.Code) {
		d.fail("code")
	}
	return e
}

// AppendResult appends the answer to the invocation with the sequence number.
// Either of r and e may be nil.
func AppendResult(b []byte, seq uint64, r *rulebox.Result, e *rulebox.Error) []byte {
	b, at := Begin(b, KindResult)
	b = appendUint(b, seq)
	b = appendError(b, e)
	b = appendBool(b, r != nil)
	if r == nil {
		return End(b, at)
	}
	b = appendTexts(b, r.Values)
	b = appendBytes(b, r.RedirectURL)
	b = appendTexts(b, r.Commands)
	b = appendUint(b, uint64(r.Suspended))
	b = appendUint(b, uint64(len(r.Logs)))
	for i := range r.Logs {
		b = appendBytes(b, r.Logs[i].Level)
		b = appendBytes(b, r.Logs[i].Text)
		b = appendBytes(b, r.Logs[i].Script)
	}
	b = appendUint(b, uint64(len(r.Scripts)))
	for i := range r.Scripts {
		b = appendBytes(b, r.Scripts[i].Name)
		b = appendInt(b, int64(r.Scripts[i].Duration))
		b = appendBytes(b, r.Scripts[i].Status)
	}
	b = appendInt(b, int64(r.Usage.Queue))
	b = appendInt(b, int64(r.Usage.Run))
	b = appendInt(b, int64(r.Usage.CPU))
	return End(b, at)
}

// ResultSeq reads only the sequence number of a result.
func ResultSeq(body []byte) (uint64, error) {
	d := decoder{b: body}
	seq := d.uint()
	return seq, d.err
}

// DecodeResult reads the body of a result frame. Values and commands are views
// of it.
func DecodeResult(body []byte) (seq uint64, r *rulebox.Result, e *rulebox.Error, err error) {
	d := decoder{b: body}
	seq, e = d.uint(), d.error()
	if !d.bool() {
		return seq, nil, e, d.end()
	}
	r = &rulebox.Result{Values: d.texts(), RedirectURL: d.string(), Commands: d.texts()}
	if n := d.uint(); n > maxItems {
		d.fail("suspension")
	} else {
		r.Suspended = int(n)
	}
	if n := d.count(3); n > 0 {
		r.Logs = make([]rulebox.Log, n)
		for i := range r.Logs {
			r.Logs[i] = rulebox.Log{Level: d.string(), Text: d.string(), Script: d.string()}
		}
	}
	if n := d.count(3); n > 0 {
		r.Scripts = make([]rulebox.ScriptUsage, n)
		for i := range r.Scripts {
			r.Scripts[i] = rulebox.ScriptUsage{Name: d.string(), Duration: time.Duration(d.int()), Status: d.string()}
		}
	}
	r.Usage = rulebox.Usage{Queue: time.Duration(d.int()), Run: time.Duration(d.int()), CPU: time.Duration(d.int())}
	return seq, r, e, d.end()
}

// Report is the answer to a check.
type Report struct {
	Seq               uint64
	Err               *rulebox.Error
	Modules, Warnings []string
}

// Append appends the frame.
func (m *Report) Append(b []byte) []byte {
	b, at := Begin(b, KindReport)
	b = appendUint(b, m.Seq)
	b = appendError(b, m.Err)
	b = appendStrings(b, m.Modules)
	b = appendStrings(b, m.Warnings)
	return End(b, at)
}

// Decode reads the body.
func (m *Report) Decode(body []byte) error {
	d := decoder{b: body}
	m.Seq, m.Err, m.Modules, m.Warnings = d.uint(), d.error(), d.strings(), d.strings()
	return d.end()
}
