package lazy

import "unsafe"

// alias returns the bytes as a string, without a copy. They must never change.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
