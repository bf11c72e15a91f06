package sandbox

import (
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/rulebox/rulebox"
)

// hostileCodes are the codes that a folder of testdata/hostile.txtar allows.
var hostileCodes = map[string][]rulebox.Code{
	"loop":   {rulebox.CodeTimeout, rulebox.CodeMemory, rulebox.CodeThrew},
	"memory": {rulebox.CodeMemory, rulebox.CodeTimeout, rulebox.CodeThrew},
	"world":  {rulebox.CodeThrew, rulebox.CodeForbidden},
}

// Whatever a rule does, the caller gets its answer in time, and the next login
// of the same tenant, and another tenant's meanwhile, succeed.
func TestHostileRules(t *testing.T) {
	if raceDetector {
		t.Skip("needs the whole jail, which is built without cgo")
	}
	p := open(t, Options{Warm: 3})
	file, err := txtar.ParseFile("testdata/hostile.txtar")
	require.NoError(t, err)
	require.Greater(t, len(file.Files), 80)
	quit := make(chan struct{})
	bystander := make(chan int)
	go func() {
		n := 0
		defer func() { bystander <- n }()
		for c := chainOf("bystander", okRule); ; n++ {
			select {
			case <-quit:
				return
			case <-time.After(5 * time.Millisecond):
			}
			_, err := login(bg(t), p, c)
			assert.NoError(t, err, "another tenant's login")
		}
	}()
	for _, f := range file.Files {
		t.Run(f.Name, func(t *testing.T) {
			name, may := strings.CutPrefix(f.Name, "may/")
			c := chainOf("evil", "function (user, context, callback) {\n"+string(f.Data)+"\ncallback(null, user, context);\n}")
			c.Limits = rulebox.Limits{Wall: 300 * time.Millisecond, Memory: 64 << 20}
			start := time.Now()
			_, err := login(bg(t), p, c)
			took := time.Since(start)
			assert.Less(t, took, c.Limits.Wall+250*time.Millisecond)
			if err == nil {
				assert.True(t, may, "it was let through")
			} else {
				codes := append(hostileCodes[path.Dir(name)], rulebox.CodeInvalid)
				assert.Contains(t, codes, rulebox.CodeOf(err), "%v", err)
			}
			t.Logf("%v after %s", err, took.Round(time.Millisecond))
			_, err = login(bg(t), p, chainOf("evil", okRule))
			assert.NoError(t, err, "the same tenant's next login")
		})
	}
	close(quit)
	t.Logf("%d logins of another tenant meanwhile; deaths: %v", <-bystander, p.Stats().Deaths)
}
