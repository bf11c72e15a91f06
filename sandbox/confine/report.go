package confine

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// A Report is what `rulebox doctor` prints of the jail.
type Report struct {
	Level  string        `json:"level"`
	Layers []LayerReport `json:"layers"`
	Kernel Kernel        `json:"kernel"`
}

// LayerReport says whether one layer holds, and if not, why and what to do.
type LayerReport struct {
	Layer  Layer  `json:"layer"`
	Gives  string `json:"gives"`
	Holds  bool   `json:"holds"`
	Why    string `json:"why,omitempty"`
	Advice string `json:"advice,omitempty"`
}

// Kernel is what bears on the jail. Text fields are empty, and numbers 0, where
// the kernel has no such thing.
type Kernel struct {
	Release      string            `json:"release"`
	Arch         string            `json:"arch"`
	UID          int               `json:"uid"`
	Container    bool              `json:"container"`
	Cgo          bool              `json:"cgo"`
	LandlockABI  int               `json:"landlock_abi"`
	Seccomp      string            `json:"seccomp"` // the actions that the kernel knows
	Cgroup       int               `json:"cgroup"`  // version with the memory controller
	CgroupFolder string            `json:"cgroup_folder"`
	CgroupPIDs   bool              `json:"cgroup_pids"`
	LSM          string            `json:"lsm"`
	Sysctl       map[string]string `json:"sysctl"`
}

// gives says in a few words what each layer is for.
var gives = map[Layer]string{
	Rlimit: "no core dumps, files or locked memory; bounded data, descriptors",
	NoNew:  "executing something gains nothing",
	Sec:    "any system call outside a short list ends the worker",
	Land:   "no files, TCP, abstract sockets or signals beyond the worker",
	UserNS: "privileges inside mean nothing outside",
	UID:    "an id that nothing else on the machine has, no groups",
	Caps:   "no privileged operation",
	PIDNS:  "sees no other process",
	IPCNS:  "sees no System V IPC or message queues",
	UTSNS:  "does not see or change the host's name",
	NetNS:  "no network interface, not even loopback",
	MntNS:  "an empty read-only file system",
	Cgroup: "memory bounded from outside",
}

// Report lays the plan out for people.
func (p *Plan) Report() *Report {
	r := &Report{Level: p.Level().String(), Kernel: kernelFacts()}
	for _, l := range AllLayers {
		row := LayerReport{Layer: l, Gives: gives[l], Holds: p.Has(l)}
		if !row.Holds {
			m := p.why(l)
			row.Why, row.Advice = m.Why, m.Advice
		}
		r.Layers = append(r.Layers, row)
	}
	return r
}

// WriteText writes the report as a table.
func (r *Report) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "isolation level: %s\n\n", r.Level)
	for _, l := range r.Layers {
		state := "holds"
		if !l.Holds {
			state = "MISSING"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", l.Layer, state, l.Gives)
	}
	for _, l := range r.Layers {
		if !l.Holds {
			fmt.Fprintf(t, "\n%s is missing: %s\n", l.Layer, l.Why)
			if l.Advice != "" {
				fmt.Fprintf(t, "  what to do: %s\n", l.Advice)
			}
		}
	}
	k := r.Kernel
	fmt.Fprintf(t, "\nkernel\t%s %s\nrunning as\tuid %d%s\n", k.Release, k.Arch, k.UID, k.where())
	fmt.Fprintf(t, "landlock ABI\t%d\nsecurity modules\t%s\nseccomp actions\t%s\n", k.LandlockABI, orNone(k.LSM), orNone(k.Seccomp))
	fmt.Fprintf(t, "cgroup\t%s\n", k.cgroup())
	for _, name := range sysctls {
		if v := k.Sysctl[name]; v != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, v)
		}
	}
	return t.Flush()
}

func (k *Kernel) where() string {
	var s []string
	if k.Container {
		s = append(s, "in a container")
	}
	if k.Cgo {
		s = append(s, "built with cgo")
	}
	if len(s) == 0 {
		return ""
	}
	return ", " + strings.Join(s, ", ")
}

func (k *Kernel) cgroup() string {
	if k.Cgroup == 0 {
		return "no writable memory controller"
	}
	s := fmt.Sprintf("v%d, memory", k.Cgroup)
	if k.CgroupPIDs {
		s += " and pids"
	}
	return s + " in " + k.CgroupFolder
}

func orNone(s string) string {
	if s == "" {
		return "none known"
	}
	return s
}

// sysctls are the settings that decide about user namespaces and the like.
var sysctls = []string{
	"kernel.unprivileged_userns_clone",
	"user.max_user_namespaces",
	"kernel.apparmor_restrict_unprivileged_userns",
	"kernel.yama.ptrace_scope",
}
