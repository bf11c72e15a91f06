package confine

import "golang.org/x/sys/unix"

// auditArch is what the kernel calls the architecture that the policy is for.
const auditArch = unix.AUDIT_ARCH_X86_64
