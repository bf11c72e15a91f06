package js

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// internalFile marks sources of ours in stack traces.
const internalFile = "rulebox:"

// A frame is one line of a guest's stack.
type frame struct {
	function, file string
	line, column   int
}

// parseFrame reads a frame as the engine prints it: `f (file:1:2(3))` or
// `file:1:2(3)`, where (3) is the program counter. Frames of natives have no
// position.
func parseFrame(text string) (f frame, ok bool) {
	if i := strings.LastIndexByte(text, '('); i > 0 { // the program counter
		pc, _ := strings.CutSuffix(text[i+1:], ")")
		pc, _ = strings.CutSuffix(pc, ")")
		if _, err := strconv.Atoi(pc); err == nil {
			text = text[:i]
		}
	}
	text, f.column, ok = cutNumber(text)
	if !ok {
		return f, false
	}
	if text, f.line, ok = cutNumber(text); !ok {
		return f, false
	}
	f.file = text
	if fn, file, ok := strings.Cut(text, " ("); ok {
		f.function, f.file = fn, file
	}
	return f, true
}

// cutNumber cuts `:n` off the end.
func cutNumber(s string) (rest string, n int, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, 0, false
	}
	n, err := strconv.Atoi(s[i+1:])
	return s[:i], n, err == nil
}

// A trace gathers frames of guest code, in positions of the author's text.
type trace struct {
	r *Realm
	b strings.Builder
}

func (t *trace) add(f frame) {
	if strings.HasPrefix(f.file, internalFile) || f.file == "" || f.file == "<native>" || t.b.Len() > maxTrace {
		return
	}
	if p := t.r.programOf(f.file); p != nil {
		f.line, f.column = p.position(f.line, f.column)
	} else {
		var ok bool
		if f, ok = t.r.packageFrame(f); !ok {
			return
		}
	}
	if t.b.Len() > 0 {
		t.b.WriteByte('\n')
	}
	at := f.file + ":" + strconv.Itoa(f.line) + ":" + strconv.Itoa(f.column)
	if f.function != "" && f.function != "<anonymous>" {
		at = f.function + " (" + at + ")"
	}
	t.b.WriteString("at " + at)
}

// programOf returns the program whose source the file is, nil if there is none.
func (r *Realm) programOf(file string) *Program {
	for _, p := range r.progs[r.first:r.end] {
		if p.file == file {
			return p
		}
	}
	for _, p := range r.loader.shared {
		if p.program.file == file {
			return p.program
		}
	}
	return nil
}

// cleanStack keeps the guest's own frames of an error's `stack`.
func (r *Realm) cleanStack(stack string) string {
	t := trace{r: r}
	for line := range strings.Lines(stack) {
		text, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "\tat ")
		if !ok {
			continue
		}
		if f, ok := parseFrame(text); ok {
			t.add(f)
		}
	}
	return fold(t.b.String())
}

// frames renders the engine's own stack.
func (r *Realm) frames(stack []goja.StackFrame) string {
	t := trace{r: r}
	for i := range stack {
		pos := stack[i].Position()
		t.add(frame{function: stack[i].FuncName(), file: stack[i].SrcName(), line: pos.Line, column: pos.Column})
	}
	return fold(t.b.String())
}

// Bounds of what fold takes together: the longest cycle of calls, in frames, and
// how often it must appear.
const (
	maxCycle   = 8
	minRepeats = 4
)

// fold writes the frames of a recursion once.
func fold(trace string) string {
	lines := strings.Split(trace, "\n")
	if len(lines) < minRepeats {
		return trace
	}
	var out []string
	for i := 0; i < len(lines); {
		cycle, n := repeats(lines[i:])
		if n < minRepeats {
			out = append(out, lines[i])
			i++
			continue
		}
		out = append(out, lines[i:i+cycle]...)
		what := "the line above is"
		if cycle > 1 {
			what = fmt.Sprintf("the %d lines above are", cycle)
		}
		out = append(out, fmt.Sprintf("… %s repeated %d more times", what, n-1))
		i += cycle * n
	}
	return strings.Join(out, "\n")
}

// repeats returns the shortest cycle that lines begin with minRepeats times, and
// how often it is there.
func repeats(lines []string) (cycle, n int) {
	for cycle = 1; cycle <= maxCycle; cycle++ {
		n = 1
		for (n+1)*cycle <= len(lines) && slices.Equal(lines[:cycle], lines[n*cycle:(n+1)*cycle]) {
			n++
		}
		if n >= minRepeats {
			return cycle, n
		}
	}
	return 0, 0
}
