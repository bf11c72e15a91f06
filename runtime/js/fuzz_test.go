package js

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rulebox/rulebox"
)

// The text of a stack is the guest's to forge.
func FuzzCleanStack(f *testing.F) {
	for _, s := range []string{
		"Error: m\n\tat f (rule:1:2(3))\n\tat rule:4:5(6)\n\tat native\n", "\tat f (rulebox:x:1:1(1))\n", "\tat  (:::((\n",
		"\tat (a:99999999999999999999:1(1))", "\tat x (y:-1:-1(1))\n", "",
	} {
		f.Add(s)
	}
	r := &Realm{chain: &rulebox.Chain{}}
	f.Fuzz(func(t *testing.T, stack string) {
		out := r.cleanStack(stack)
		for line := range strings.Lines(out) {
			if !strings.HasPrefix(line, "at ") {
				t.Fatalf("%q is no frame, of %q", line, stack)
			}
		}
		if len(out) > maxTrace+len(stack) {
			t.Fatal("the trace grew")
		}
		if utf8.ValidString(stack) && !utf8.ValidString(out) {
			t.Fatalf("broken text %q", out)
		}
	})
}

func FuzzWarmth(f *testing.F) {
	f.Add("user.email.split('@').map(x => x)")
	f.Add("...a..toString.constructor.arguments")
	f.Fuzz(func(t *testing.T, source string) {
		for _, w := range warmthOf(source) {
			for _, name := range w.names {
				if !strings.Contains(source, "."+name) {
					t.Fatalf("%s is not in the source", name)
				}
			}
		}
	})
}
