package confine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// envPlan is the variable that carries the plan from Command to Enter.
const envPlan = "RULEBOX_JAIL"

// order is a plan as the child gets it.
type order struct {
	profile Profile
	layers  []Layer
	files   int    // donated descriptors: 3, 4, …
	data    uint64 // bytes
	probe   bool
}

func (o *order) has(l Layer) bool { return slices.Contains(o.layers, l) }

// drops reports whether the child must give capabilities up even if Caps is not
// in the plan, because Command made them ambient for the set-up.
func (o *order) drops() bool { return o.has(Caps) || o.has(UserNS) || o.has(UID) }

func (o *order) encode() string {
	names := make([]string, len(o.layers))
	for i, l := range o.layers {
		names[i] = string(l)
	}
	return fmt.Sprintf("v1;%s;%d;%d;%t;%s", o.profile, o.files, o.data, o.probe, strings.Join(names, ","))
}

func decode(s string) (*order, error) {
	if s == "" {
		return nil, errors.New("confine: " + envPlan + " is not set: a worker is started only by a node")
	}
	f := strings.Split(s, ";")
	if len(f) != 6 || f[0] != "v1" {
		return nil, fmt.Errorf("confine: %s: %q is not a plan", envPlan, s)
	}
	o := &order{profile: Profile(f[1])}
	if !o.profile.known() {
		return nil, fmt.Errorf("confine: %s: profile %q is not known", envPlan, f[1])
	}
	var err [3]error
	o.files, err[0] = strconv.Atoi(f[2])
	o.data, err[1] = strconv.ParseUint(f[3], 10, 63)
	o.probe, err[2] = strconv.ParseBool(f[4])
	if e := errors.Join(err[:]...); e != nil || o.files < 0 {
		return nil, fmt.Errorf("confine: %s: %q is not a plan", envPlan, s)
	}
	if f[5] == "" {
		return o, nil
	}
	for _, name := range strings.Split(f[5], ",") {
		l := Layer(name)
		if !slices.Contains(AllLayers, l) || l == Cgroup {
			return nil, fmt.Errorf("confine: %s: layer %q is not known to a worker", envPlan, name)
		}
		o.layers = append(o.layers, l)
	}
	return o, nil
}
