package modules

import "time"

// processStart is where performance.now counts from, in real time, so that a
// fixed clock does not stop it.
var processStart = time.Now()

var perfNatives = map[string]Native{
	// now is milliseconds in steps of 0.1.
	"now": func(*Call, []any) (any, error) {
		return float64(time.Since(processStart)/(100*time.Microsecond)) / 10, nil
	},
}
