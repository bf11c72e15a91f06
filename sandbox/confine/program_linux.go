package confine

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// descriptorPath leads to a descriptor of the process that follows it.
const descriptorPath = "/proc/self/fd/"

// NewProgram copies an executable into memory that nobody can change any more, and
// returns it open for reading, for CommandOf. The memory is counted as the
// caller's, and shared by all processes that run the program.
func NewProgram(name string, text io.Reader) (*os.File, error) {
	f, err := executableMemory(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := io.Copy(f, text); err != nil {
		return nil, fmt.Errorf("copy %s into memory: %w", name, err)
	}
	const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE | unix.F_SEAL_SEAL
	// The mode too, where the kernel can: 6.3 or later.
	_, err = unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals|unix.F_SEAL_EXEC)
	if err == unix.EINVAL {
		_, err = unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals)
	}
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", name, err)
	}
	// What somebody could still write to does not execute.
	return os.Open(descriptorPath + strconv.Itoa(int(f.Fd())))
}

func executableMemory(name string) (*os.File, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate(name, flags|unix.MFD_EXEC)
	if err == unix.EINVAL { // before 6.3 all memory could be executed
		fd, err = unix.MemfdCreate(name, flags)
	}
	if err != nil {
		return nil, fmt.Errorf("memfd_create %s: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// TryProgram finds out whether the program can be executed under the plan. It must
// call Init first in main.
func (p *Plan) TryProgram(program *os.File) error { return try(p, program) }

// descriptor returns which of the child's descriptors the path leads to.
func descriptor(path string) (fd int, ok bool) {
	n, ok := strings.CutPrefix(path, descriptorPath)
	if !ok {
		return 0, false
	}
	fd, err := strconv.Atoi(n)
	return fd, err == nil && fd >= 0
}
