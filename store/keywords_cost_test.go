package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// All tenants wait while the loader replaces one's placeholders, and have one memory
// with it: a file and a value of the largest size there is must not make gigabytes
// of each other, nor take minutes. The time is generous.
func TestHostilePlaceholdersAreCheap(t *testing.T) {
	const most = 10 * time.Second
	k := keywords{"Z": json.RawMessage(`"` + strings.Repeat("x", maxFile) + `"`), "S": json.RawMessage(`"a"`)}
	for _, word := range []string{"##Z##", "@@Z@@", `"@@Z@@"`} {
		_, err := k.replace([]byte(strings.Repeat(word, maxFile/len(word))))
		require.ErrorContains(t, err, "larger than 4096 KiB", word)
	}
	var distinct strings.Builder
	for i := 0; distinct.Len() < maxFile; i++ {
		fmt.Fprintf(&distinct, "##K%d##", i)
	}
	start := time.Now()
	e := k.unset(distinct.String())
	require.Len(t, e.variables, maxUnset)
	assert.Less(t, len(e.Error()), 8<<10)
	same, err := k.replace([]byte(distinct.String()))
	require.NoError(t, err)
	require.Equal(t, distinct.String(), string(same))
	small, err := k.replace([]byte(strings.Repeat("##S##", maxFile/5)))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("a", maxFile/5), string(small))
	assert.Less(t, time.Since(start), most)
}

func TestReplace(t *testing.T) {
	k := keywords{"A": json.RawMessage(`"x\ny"`), "N": json.RawMessage(`[1,"##A##"]`)}
	for text, want := range map[string]string{
		`a`: `a`, `##A##`: "x\ny", `@@A@@`: `"x\ny"`, `"@@A@@"`: `"x\ny"`, `"##A##"`: "\"x\ny\"", `##B## @@B@@ "@@B@@"`: `##B## @@B@@ "@@B@@"`,
		`<##N##,@@N@@>`: `<[1,"##A##"],[1,"##A##"]>`, `##A##A##A##`: "x\nyAx\ny", `####A##`: "##x\ny", ``: ``,
	} {
		got, err := k.replace([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, want, string(got), text)
	}
}
