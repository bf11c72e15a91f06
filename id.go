package rulebox

import "crypto/rand"

// NewID returns a fresh transaction id: 26 letters and digits, at least 128
// random bits.
func NewID() string { return rand.Text() }
