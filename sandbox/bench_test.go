package sandbox

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
)

// planRule is the one-claim rule that most tenants have.
const planRule = `function addPlanClaim(user, context, callback) {
  context.idToken['https://acme.example/plan'] = (user.app_metadata && user.app_metadata.plan) || 'free';
  return callback(null, user, context);
}`

func payload(t testing.TB) []json.RawMessage {
	b, err := os.ReadFile("testdata/payload.json")
	require.NoError(t, err)
	var v struct{ User, Context json.RawMessage }
	require.NoError(t, json.Unmarshal(b, &v))
	return []json.RawMessage{v.User, v.Context}
}

// BenchmarkInvoke is a warm login of one rule, through the whole jail.
func BenchmarkInvoke(b *testing.B) {
	for name, rule := range map[string]string{"plan": planRule, "empty": `function (user, context, callback) { callback(null, user, context); }`} {
		b.Run(name, func(b *testing.B) {
			p := open(b, Options{})
			inv := &rulebox.Invocation{Chain: chainOf("acme", rule), ID: "tx", Args: payload(b)}
			_, err := p.Invoke(context.Background(), inv)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Invoke(context.Background(), inv); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkInvokeParallel has 32 logins of one tenant in flight.
func BenchmarkInvokeParallel(b *testing.B) {
	p := open(b, Options{})
	inv := &rulebox.Invocation{Chain: chainOf("acme", planRule), ID: "tx", Args: payload(b)}
	_, err := p.Invoke(context.Background(), inv)
	require.NoError(b, err)
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := p.Invoke(context.Background(), inv); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkFirstLogin is the first login of a tenant that was never seen.
func BenchmarkFirstLogin(b *testing.B) {
	p := open(b, Options{MaxWorkers: 4, Warm: 4})
	args := payload(b)
	var n atomic.Uint64
	for b.Loop() {
		b.StopTimer()
		for p.Stats().Blank < 4 {
			time.Sleep(time.Millisecond)
		}
		c := chainOf("tenant"+string(rune('a'+n.Add(1)%26)), planRule)
		b.StartTimer()
		if _, err := p.Invoke(context.Background(), &rulebox.Invocation{Chain: c, ID: "tx", Args: args}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEcho is the floor: the same bytes to another process and back over a
// socket pair, with nothing done to them.
func BenchmarkEcho(b *testing.B) {
	conn, theirs, err := socketPair(unix.SOCK_STREAM)
	require.NoError(b, err)
	cmd := exec.Command("/proc/self/exe", "echo")
	cmd.Env = []string{"GOMAXPROCS=1"}
	cmd.ExtraFiles = []*os.File{theirs}
	require.NoError(b, cmd.Start())
	theirs.Close()
	defer cmd.Wait()
	defer conn.Close()
	args := payload(b)
	out := append(append([]byte{}, args[0]...), args[1]...)
	in := make([]byte, len(out))
	for b.Loop() {
		if _, err := conn.Write(out); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(conn, in); err != nil {
			b.Fatal(err)
		}
	}
}
