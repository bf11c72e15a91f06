package transaction

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

// A tenant whose users never come back fills its share of what there is, however
// little that is, and the logins of others are suspended still.
func TestTenantsShareOfLittleRoom(t *testing.T) {
	large := &record{Context: json.RawMessage(`"` + strings.Repeat("x", MaxState/2) + `"`)}
	for name, tc := range map[string]struct {
		states States
		r      *record
	}{
		"memory":     {NewMemoryStates(), large},
		"small":      {little{NewMemoryStates(), 4 << 20}, large},
		"very small": {little{NewMemoryStates(), 1 << 20}, &record{}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := NewSuspensions(tc.states, make([]byte, StateKeySize))
			require.NoError(t, err)
			var refused error
			for refused == nil {
				_, refused = s.seal(context.Background(), "acme", "login", tc.r)
			}
			require.Equal(t, rulebox.CodeMemory, rulebox.CodeOf(refused), "%v", refused)
			require.ErrorContains(t, refused, "tenant acme")
			require.NotContains(t, refused.Error(), " 0 ")
			for _, tenant := range []string{"b", "c"} {
				_, err = s.seal(context.Background(), tenant, "login", tc.r)
				require.NoError(t, err)
			}
		})
	}
}

// little are states with less room than they say they have by default.
type little struct {
	*MemoryStates
	room int64
}

func (l little) Room() int64 { return l.room }

func (l little) Put(ctx context.Context, name string, record []byte, ttl time.Duration) error {
	l.mu.Lock()
	full := int64(l.size+len(record)) > l.room
	l.mu.Unlock()
	if full {
		return errors.New("full")
	}
	return l.MemoryStates.Put(ctx, name, record, ttl)
}
