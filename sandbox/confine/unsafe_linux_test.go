package confine

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func ioURing([]string) error {
	var params [120]byte // struct io_uring_params
	return rawErr(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&params)), 0)
}

func bpfMap([]string) error {
	attr := [18]uint32{unix.BPF_MAP_TYPE_ARRAY, 4, 4, 1} // type, key, value, entries
	return rawErr(unix.SYS_BPF, unix.BPF_MAP_CREATE, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
}

// vmRead reads from the memory of another process: its first mapped bytes are
// not known, so EFAULT means that the door was open.
func vmRead(a []string) error {
	b := make([]byte, 8)
	local := []unix.Iovec{{Base: &b[0], Len: 8}}
	remote := []unix.RemoteIovec{{Base: 0x400000, Len: 8}}
	_, err := unix.ProcessVMReadv(atoi(a[0]), local, remote, 0)
	if err == unix.EFAULT {
		return nil
	}
	return err
}
