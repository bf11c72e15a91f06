package modules

import "math"

// webArg returns the argument, nil if it was not given.
func webArg(args []any, i int) any {
	if i < len(args) {
		return args[i]
	}
	return nil
}

func webString(args []any, i int) (string, bool) {
	s, ok := webArg(args, i).(string)
	return s, ok
}

func webBytes(args []any, i int) ([]byte, bool) {
	b, ok := webArg(args, i).([]byte)
	return b, ok
}

// webInt returns the argument as an integer within [lo, hi].
func webInt(args []any, i int, lo, hi int) (int, bool) {
	f, ok := webArg(args, i).(float64)
	if !ok || f != math.Trunc(f) || f < float64(lo) || f > float64(hi) {
		return 0, false
	}
	return int(f), true
}
