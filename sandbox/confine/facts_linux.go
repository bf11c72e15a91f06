package confine

import (
	"os"
	"runtime"
	"strings"
)

func kernelFacts() Kernel {
	k := Kernel{
		Release:   kernelRelease(),
		Arch:      runtime.GOARCH,
		UID:       os.Geteuid(),
		Container: inContainer(),
		Cgo:       linkedWithCgo(),
		Seccomp:   sysctl("kernel/seccomp/actions_avail"),
		Sysctl:    map[string]string{},
	}
	if abi, err := landlockABI(); err == nil {
		k.LandlockABI = abi
	}
	if b, err := os.ReadFile("/sys/kernel/security/lsm"); err == nil {
		k.LSM = strings.TrimSpace(string(b))
	}
	for _, name := range sysctls {
		if v := sysctl(strings.ReplaceAll(name, ".", "/")); v != "" {
			k.Sysctl[name] = v
		}
	}
	// A look only: finding the folder may move this process, with v2.
	if h, err := findHome("/proc/self", true); err == nil {
		k.Cgroup, k.CgroupFolder, k.CgroupPIDs = h.version, h.memory, h.pids
	}
	return k
}
