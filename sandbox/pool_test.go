package sandbox

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

func TestLogin(t *testing.T) {
	p := open(t, Options{})
	res, err := login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
	require.Len(t, res.Values, 2)
	require.JSONEq(t, `{"idToken":{"seen":true},"accessToken":{}}`, string(res.Values[1]))
	require.Equal(t, "tx-1", res.ID)
}

func TestEndlessLoopIsKilled(t *testing.T) {
	p := open(t, Options{})
	c := chainOf("acme", okRule, spinRule)
	c.Limits.Wall = 300 * time.Millisecond
	start := time.Now()
	_, err := login(bg(t), p, c)
	took := time.Since(start)
	require.Equal(t, rulebox.CodeTimeout, rulebox.CodeOf(err), "%v", err)
	require.Less(t, took, 550*time.Millisecond)
	require.Contains(t, err.Error(), `"b"`)
	_, err = login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
}
