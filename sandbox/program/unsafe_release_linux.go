package program

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// release lets the kernel take back the pages of b, which must be part of this
// executable's file: they are read again if somebody looks.
func release(b []byte) {
	page := os.Getpagesize()
	start := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (page - 1)
	if whole := (len(b) - start) &^ (page - 1); whole > 0 {
		_ = unix.Madvise(b[start:start+whole], unix.MADV_DONTNEED) // else they stay
	}
}
