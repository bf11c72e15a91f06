package js

import (
	"time"

	"github.com/dlclark/regexp2/v2"
)

// SetRegexpTimeout bounds every match of a regular expression that Go's own
// engine cannot run (look-around, back-references): such a match may take for
// ever and cannot be interrupted. The engine takes a match that was cut off for
// "no match", so d must not be shorter than the longest run: the script is then
// ended by its deadline before it can act on the wrong answer.
//
// It is for the start of a process: it must not be called while scripts compile
// or run, and expressions that were compiled before keep their bound.
func SetRegexpTimeout(d time.Duration) {
	regexp2.DefaultMatchTimeout = d
	regexp2.SetTimeoutCheckPeriod(10 * time.Millisecond)
}
