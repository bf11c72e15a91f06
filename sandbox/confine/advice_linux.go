package confine

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// advice says what an operator can do about a layer that failed with err.
func advice(l Layer, err error) string {
	if errors.Is(err, errCgo) {
		return "build with CGO_ENABLED=0 and without -race"
	}
	if errors.Is(err, errArch) {
		return "run nodes on amd64 or arm64"
	}
	switch l {
	case UserNS:
		return userNSAdvice()
	case UID:
		if os.Geteuid() != 0 {
			return "start the node as root (it then gives every worker an id of its own); as an ordinary user workers keep the node's id inside their namespaces"
		}
		if errors.Is(err, unix.EACCES) {
			return "the worker's id must be able to execute the binary: chmod a+rx it"
		}
		return "give the node CAP_SETUID and CAP_SETGID (containers: do not drop them)"
	case PIDNS, NetNS, MntNS, IPCNS, UTSNS:
		if os.Geteuid() == 0 {
			return "give the node CAP_SYS_ADMIN, and a container seccomp profile that allows clone with namespace flags, or allow user namespaces: " + userNSAdvice()
		}
		return "namespaces need a user namespace first: " + userNSAdvice()
	case Sec:
		return "use a kernel with CONFIG_SECCOMP_FILTER (4.14 or later)"
	case Land:
		return "use a kernel with CONFIG_SECURITY_LANDLOCK (5.13 or later) and landlock in its lsm= list; a container seccomp profile must allow landlock_*"
	case Cgroup:
		return cgroupAdvice()
	}
	return ""
}

// userNSAdvice names the setting that stands in the way of user namespaces.
func userNSAdvice() string {
	switch {
	case sysctl("kernel/unprivileged_userns_clone") == "0":
		return "set sysctl kernel.unprivileged_userns_clone=1"
	case sysctl("user/max_user_namespaces") == "0":
		return "set sysctl user.max_user_namespaces to 1000 or more"
	case sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1":
		return "set sysctl kernel.apparmor_restrict_unprivileged_userns=0, or give the binary an AppArmor profile with `userns,`"
	case inContainer():
		return "the container runtime's seccomp or AppArmor profile forbids user namespaces: run with --security-opt seccomp=PROFILE that allows clone(CLONE_NEWUSER), unshare and mount, or as root with --cap-add SYS_ADMIN"
	}
	return "use a kernel with CONFIG_USER_NS, and look for a security module (AppArmor, SELinux) or an outer seccomp filter that forbids user namespaces"
}

// sysctl returns the setting's text, empty if the kernel has none of the name.
func sysctl(name string) string {
	b, err := os.ReadFile("/proc/sys/" + name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func inContainer() bool {
	for _, f := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(f); err == nil {
			return true
		}
	}
	return os.Getenv("container") != "" || os.Getenv("KUBERNETES_SERVICE_HOST") != ""
}
