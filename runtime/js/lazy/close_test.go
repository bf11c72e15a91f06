package lazy

import (
	"testing"

	"github.com/dop251/goja"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a codec gives back when it is closed serves another, and nothing of that
// shows in values that are used after all.
func TestClose(t *testing.T) {
	first := New(goja.New())
	old, err := first.Decode([]byte(`{"secret":{"of":["the","first"]},"n":[{"a":1},{"b":2}]}`))
	require.NoError(t, err)
	first.Close()
	first.Close() // once is enough
	for range 4 {
		c := New(goja.New())
		v, err := c.DecodeOwned([]byte(`{"of":{"another":["login"]},"n":[{"a":3},{"b":4}]}`))
		require.NoError(t, err)
		text, err := c.Append(nil, v, 1<<10)
		require.NoError(t, err)
		assert.Equal(t, `{"of":{"another":["login"]},"n":[{"a":3},{"b":4}]}`, string(text))
		assert.Panics(t, func() { old.(*goja.Object).Get("secret") })
		c.Close()
	}
}
