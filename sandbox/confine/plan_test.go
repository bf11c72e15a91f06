package confine

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func without(drop ...Layer) *Plan {
	p := &Plan{Profile: JS}
	for _, l := range AllLayers {
		if slices.Contains(drop, l) {
			p.Missing = append(p.Missing, Missing{Layer: l, Why: "because " + string(l), Advice: "mend " + string(l)})
		} else {
			p.Layers = append(p.Layers, l)
		}
	}
	return p
}

func TestLevel(t *testing.T) {
	for _, c := range []struct {
		drop []Layer
		want Level
	}{
		{nil, LevelFull},
		{[]Layer{Cgroup}, LevelStrong},
		{[]Layer{Land}, LevelStrong},
		{[]Layer{UserNS}, LevelStrong},
		{[]Layer{UID}, LevelStrong},
		{[]Layer{UID, UserNS}, LevelBasic},
		{[]Layer{NetNS}, LevelBasic},
		{[]Layer{Caps}, LevelBasic},
		{[]Layer{Sec}, LevelNone},
		{[]Layer{Rlimit}, LevelNone},
		{[]Layer{NoNew}, LevelNone},
		{AllLayers, LevelNone},
	} {
		p := without(c.drop...)
		require.Equal(t, c.want, p.Level(), "without %v", c.drop)
		require.NoError(t, p.Require(c.want))
		for l := c.want + 1; l <= LevelFull; l++ {
			err := p.Require(l)
			require.ErrorContains(t, err, "level "+c.want.String()+", and "+l.String()+" is required")
			require.ErrorContains(t, err, "because ")
			require.ErrorContains(t, err, "mend ")
		}
	}
	require.Equal(t, LevelNone, new(Plan).Level())
	require.ErrorContains(t, new(Plan).Require(LevelBasic), "seccomp: not part of the plan")
}

func TestParseLevel(t *testing.T) {
	for l := LevelNone; l <= LevelFull; l++ {
		got, err := ParseLevel(l.String())
		require.NoError(t, err)
		require.Equal(t, l, got)
	}
	_, err := ParseLevel("Full")
	require.ErrorContains(t, err, "none, basic, strong, full")
}

func TestOrder(t *testing.T) {
	o := &order{profile: JS, layers: []Layer{Sec, NetNS}, files: 2, data: 1 << 28, probe: true}
	got, err := decode(o.encode())
	require.NoError(t, err)
	require.Equal(t, o, got)
	for _, bad := range []string{
		"", "x", "v1;js;0;0;false", "v2;js;0;0;false;", "v1;go;0;0;false;", "v1;js;-1;0;false;", "v1;js;0;-1;false;",
		"v1;js;0;0;maybe;", "v1;js;0;0;false;moat", "v1;js;0;0;false;cgroup-memory", "v1;js;0;0;false;seccomp,", "v1;js;0;0;false;;",
	} {
		_, err := decode(bad)
		require.Error(t, err, bad)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("v1;js;2;1073741824;false;seccomp,landlock")
	f.Add("v1;js;0;0;true;")
	f.Fuzz(func(t *testing.T, s string) {
		o, err := decode(s)
		if err != nil {
			return
		}
		again, err := decode(o.encode())
		require.NoError(t, err)
		require.Equal(t, o, again)
	})
}

func TestReport(t *testing.T) {
	r := without(Cgroup, NetNS).Report()
	require.Equal(t, "basic", r.Level)
	require.Len(t, r.Layers, len(AllLayers))
	for _, l := range r.Layers {
		require.NotEmpty(t, l.Gives)
		require.Equal(t, l.Holds, l.Why == "")
	}
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b))
	for _, want := range []string{
		"isolation level: basic", "net-namespace    MISSING", "seccomp          holds",
		"net-namespace is missing: because net-namespace\n  what to do: mend net-namespace",
		"running as", "landlock ABI",
	} {
		require.Contains(t, b.String(), want)
	}
	b.Reset()
	require.NoError(t, json.NewEncoder(&b).Encode(r))
	require.Contains(t, b.String(), `"layer":"net-namespace","gives":"no network interface, not even loopback","holds":false,"why":"because net-namespace"`)
}

func TestSystemRoots(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", t.TempDir()+"/none")
	_, err := SystemRoots()
	require.ErrorContains(t, err, "install ca-certificates or set SSL_CERT_FILE")
}
