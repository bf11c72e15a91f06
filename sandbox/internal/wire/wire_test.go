package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
)

// body strips the header of the one frame in b.
func body(t testing.TB, b []byte, want Kind) []byte {
	r := NewReader(bytes.NewReader(b), MaxFrame)
	k, body, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, want, k)
	_, _, err = r.Next()
	require.ErrorIs(t, err, io.EOF)
	return body
}

func sampleChain() *rulebox.Chain {
	return &rulebox.Chain{
		Tenant: "acme", Trigger: "login", Session: "s",
		Scripts:       []*rulebox.Script{{Name: "a", Digest: "d1"}, {Name: "b", Digest: "d2"}},
		Configuration: map[string]string{"K": "v", "": "empty", "ü": "\x00"},
		Management:    &rulebox.Management{Domain: "d", BaseURL: "u", AccessToken: "t"},
		Limits:        rulebox.Limits{Wall: time.Second, Memory: 1 << 27, Output: 1 << 20},
		Bindings: []rulebox.Binding{{}, {
			Handler: "onContinuePostLogin", Secrets: map[string]string{"S": "s"}, Dependencies: map[string]string{"axios": "1.0.0"},
			Modules: []rulebox.ActionModule{
				{Name: "m", Script: &rulebox.Script{Name: "m", Digest: "d3"}, Secrets: map[string]string{"T": "t"}, Dependencies: map[string]string{"a": "latest"}},
				{Name: "n", Script: &rulebox.Script{Name: "n", Digest: "d3"}},
			},
		}},
		Modules:  rulebox.ModulePolicy{Allow: []string{}, Deny: []string{"fs", ""}},
		Packages: []rulebox.Package{{Name: "@x/y", Version: "1.2.3", Script: &rulebox.Script{Name: "@x/y", Digest: "d4"}}},
		Cache:    rulebox.CacheLimits{Entries: 40, Key: 64, Value: 8192, Total: 1 << 16},
	}
}

func sampleResult() (*rulebox.Result, *rulebox.Error) {
	return &rulebox.Result{
			Values: []json.RawMessage{json.RawMessage(`{"a":1}`), json.RawMessage(`null`)}, RedirectURL: "https://x",
			Commands: []json.RawMessage{json.RawMessage(`["user.setAppMetadata","k",1]`)}, Suspended: 3,
			Logs:    []rulebox.Log{{Level: "log", Text: "hi", Script: "a"}},
			Scripts: []rulebox.ScriptUsage{{Name: "a", Duration: time.Millisecond, Status: "ok"}},
			Usage:   rulebox.Usage{Queue: 1, Run: 2, CPU: 3},
		}, &rulebox.Error{
			Code: rulebox.CodeThrew, Name: "TypeError", Message: "m", Hint: "h", Trace: "t", Script: "a", OAuth: "access_denied", UserID: "u", Reason: "r", Cause: errors.New("c"),
		}
}

func TestRoundTrips(t *testing.T) {
	var ready Ready
	require.NoError(t, ready.Decode(body(t, (&Ready{3, []string{"a", ""}}).Append(nil), KindReady)))
	require.Equal(t, Ready{3, []string{"a", ""}}, ready)

	var lease Lease
	require.NoError(t, lease.Decode(body(t, (&Lease{1 << 40, time.Hour, 4, true}).Append(nil), KindLease)))
	require.Equal(t, Lease{1 << 40, time.Hour, 4, true}, lease)

	line := rulebox.Log{Level: "warn", Text: "late", Script: "a"}
	told, err := DecodeLate(body(t, AppendLate(nil, line), KindLate))
	require.NoError(t, err)
	require.Equal(t, line, told)
	line.Text = strings.Repeat("x", rulebox.MaxLogBytes+1)
	_, err = DecodeLate(body(t, AppendLate(nil, line), KindLate))
	require.ErrorIs(t, err, ErrFrame)

	s := rulebox.NewScript(rulebox.KindRule, "n", "src")
	got, err := DecodeScript(body(t, AppendScript(nil, s), KindScript))
	require.NoError(t, err)
	require.Equal(t, &rulebox.Script{Kind: s.Kind, Source: s.Source, Digest: s.Digest}, got)

	id, c, err := DecodeChain(body(t, AppendChain(nil, 7, sampleChain()), KindChain))
	require.NoError(t, err)
	require.EqualValues(t, 7, id)
	require.Equal(t, sampleChain(), c)

	for _, now := range []time.Time{{}, time.Unix(-62135596801, 5), time.UnixMilli(8.64e15), time.Now()} {
		in := Invoke{Seq: 1, Chain: 2, ID: "i", Remaining: time.Second, Now: now, Args: []json.RawMessage{json.RawMessage(`1`), {}},
			Resume: &rulebox.Resume{Script: 2, Commands: []json.RawMessage{json.RawMessage(`["a.b"]`)}, State: "s"},
			Cache:  []rulebox.CacheEntry{{Key: "k", Value: "v", ExpiresAt: -1}, {}}}
		var out Invoke
		require.NoError(t, out.Decode(body(t, in.Append(nil), KindInvoke)))
		require.True(t, now.Equal(out.Now), "%v %v", now, out.Now)
		in.Now, out.Now = time.Time{}, time.Time{}
		require.Equal(t, in, out)
	}

	c = sampleChain()
	c.Modules.Allow, c.Bindings, c.Packages = nil, nil, nil
	_, got2, err := DecodeChain(body(t, AppendChain(nil, 7, c), KindChain))
	require.NoError(t, err)
	require.Equal(t, c, got2, "no list of what is allowed is not an empty one")
	var digests []rulebox.Digest
	for s := range Scripts(sampleChain()) {
		digests = append(digests, s.Digest)
	}
	require.Equal(t, []rulebox.Digest{"d1", "d2", "d3", "d3", "d4"}, digests)

	r, e := sampleResult()
	seq, r2, e2, err := DecodeResult(body(t, AppendResult(nil, 9, r, e), KindResult))
	require.NoError(t, err)
	require.EqualValues(t, 9, seq)
	require.Equal(t, r, r2)
	require.Equal(t, e, e2)
	_, r2, e2, err = DecodeResult(body(t, AppendResult(nil, 9, nil, nil), KindResult))
	require.NoError(t, err)
	require.Nil(t, r2)
	require.Nil(t, e2)

	seq, s2, err := DecodeCheck(body(t, AppendCheck(nil, 4, s), KindCheck))
	require.NoError(t, err)
	require.EqualValues(t, 4, seq)
	require.Equal(t, s, s2)

	var rep Report
	in := Report{Seq: 4, Err: &rulebox.Error{Code: rulebox.CodeInvalid, Message: "m"}, Modules: []string{"m"}, Warnings: []string{"w"}}
	require.NoError(t, rep.Decode(body(t, in.Append(nil), KindReport)))
	require.Equal(t, in, rep)

	n, err := DecodeID(body(t, AppendID(nil, KindCancel, 1<<63), KindCancel))
	require.NoError(t, err)
	require.EqualValues(t, uint64(1)<<63, n)
	require.Empty(t, body(t, AppendEmpty(nil, KindTrim), KindTrim))

	dial := DialRequest{ID: 1, Chain: 2, Address: "a:1", Timeout: time.Second, Resolve: "MX"}
	var dial2 DialRequest
	require.NoError(t, dial2.Decode(dial.Append(nil)))
	require.Equal(t, dial, dial2)
	reply := DialReply{ID: 1, Err: &rulebox.Error{Code: rulebox.CodeForbidden, Message: "no"}, Net: "n", Text: "t", Records: []string{"10 mail", ""}}
	var reply2 DialReply
	require.NoError(t, reply2.Decode(reply.Append(nil)))
	require.Equal(t, reply, reply2)
}

// Every cut of every message is an error, and so is every byte too many.
func TestCutShort(t *testing.T) {
	r, e := sampleResult()
	whole := body(t, AppendResult(nil, 9, r, e), KindResult)
	for n := range whole {
		_, _, _, err := DecodeResult(whole[:n])
		require.ErrorIs(t, err, ErrFrame, "%d bytes", n)
	}
	_, _, _, err := DecodeResult(append(whole, 0))
	require.ErrorIs(t, err, ErrFrame)
}

func TestReader(t *testing.T) {
	frame := func(n uint32, rest int) io.Reader {
		b := binary.LittleEndian.AppendUint32(nil, n)
		return bytes.NewReader(append(b, make([]byte, rest)...))
	}
	for name, tc := range map[string]struct {
		in  io.Reader
		err error
	}{
		"nothing":    {strings.NewReader(""), io.EOF},
		"half":       {strings.NewReader("\x01\x00"), io.ErrUnexpectedEOF},
		"empty":      {frame(0, 10), ErrFrame},
		"too long":   {frame(1001, 2000), ErrFrame},
		"huge":       {frame(1<<32-1, 10), ErrFrame},
		"cut":        {frame(1000, 999), io.ErrUnexpectedEOF},
		"no body":    {frame(1, 0), io.ErrUnexpectedEOF},
		"as allowed": {frame(1000, 1000), nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, b, err := NewReader(tc.in, 1000).Next()
			require.ErrorIs(t, err, tc.err)
			if tc.err == nil {
				require.Len(t, b, 999)
			}
		})
	}
	// A promise of many bytes allocates few.
	big := io.MultiReader(frame(MaxFrame, 100))
	allocs := testing.AllocsPerRun(1, func() { NewReader(big, MaxFrame).Next() })
	require.Less(t, allocs, 20.0)
	// A body of several chunks comes whole.
	long := bytes.Repeat([]byte("0123456789"), 100_000)
	b, at := Begin(nil, KindResult)
	b = End(append(b, long...), at)
	_, got, err := NewReader(bytes.NewReader(b), MaxFrame).Next()
	require.NoError(t, err)
	require.True(t, bytes.Equal(long, got))
}

func TestPage(t *testing.T) {
	p, f, err := NewPage()
	require.NoError(t, err)
	defer f.Close()
	other, err := MapPage(int(f.Fd()))
	require.NoError(t, err)
	require.True(t, p.Idle())
	other.Set(1<<40, 300)
	seq, script, since := p.Get()
	require.EqualValues(t, 1<<40, seq)
	require.Equal(t, 300, script)
	require.WithinDuration(t, time.Now(), since, time.Minute)
	other.Set(5, -1)
	seq, script, _ = p.Get()
	require.EqualValues(t, 5, seq)
	require.Equal(t, -1, script)
	other.Set(0, 3)
	require.True(t, p.Idle())
	for _, slot := range []int{0, 5, Slots - 1} {
		seq := Seq(77, slot)
		require.Equal(t, slot, SlotOf(seq))
		require.False(t, p.Started(seq))
		other.Set(seq, 0)
		require.True(t, p.Started(seq))
		require.False(t, p.Started(Seq(78, slot)))
	}
	other.Set(Seq(80, 1), 2)
	other.Set(Seq(80, 1), -1)
	for range 2 {
		seq, script = p.Last()
		require.Equal(t, Seq(80, 1), seq)
		require.Equal(t, 2, script, "the one before")
		other.Set(0, -1)
	}
	other.Set(Seq(81, 2), -1)
	seq, script = p.Last()
	require.Equal(t, Seq(81, 2), seq)
	require.Equal(t, -1, script, "another invocation's does not count")
	other.SetLate(3)
	other.CountLine()
	realms, lines := p.Late()
	require.Equal(t, 3, realms)
	require.EqualValues(t, 1, lines)
	require.True(t, p.Started(Seq(77, Slots-1)), "they have words of their own")
	require.True(t, p.Started(1<<40|511), "a number without a slot of its own counts as started")
	// A worker cannot take the memory from under the node.
	require.Error(t, f.Truncate(0))
	require.Error(t, f.Truncate(1<<20))
}

func TestRoots(t *testing.T) {
	f, err := NewRoots([]byte("roots"))
	require.NoError(t, err)
	defer f.Close()
	got, err := MapRoots(int(f.Fd()))
	require.NoError(t, err)
	require.Equal(t, "roots", string(got))
	_, err = f.WriteAt([]byte("x"), 0)
	require.Error(t, err, "one worker must not change another's roots")
	_, err = unix.Mmap(int(f.Fd()), 0, 5, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	require.Error(t, err)
	empty, err := NewRoots(nil)
	require.NoError(t, err)
	defer empty.Close()
	got, err = MapRoots(int(empty.Fd()))
	require.NoError(t, err)
	require.Empty(t, got)
}

// FuzzFrames: what a compromised worker sends never crashes the node, and what
// is accepted means the same when it is written again.
func FuzzFrames(f *testing.F) {
	r, e := sampleResult()
	f.Add(AppendResult(nil, 1, r, e))
	f.Add(AppendResult(nil, 1, nil, e))
	f.Add((&Ready{1, []string{"seccomp"}}).Append(nil))
	f.Add((&Report{Seq: 1, Modules: []string{"m"}}).Append(nil))
	f.Add(AppendChain(nil, 1, sampleChain()))
	f.Add((&Invoke{Seq: 1, Args: []json.RawMessage{json.RawMessage(`{}`)}}).Append(nil))
	f.Add((&Invoke{Seq: 1, Resume: &rulebox.Resume{Script: -1, Commands: []json.RawMessage{json.RawMessage(`[]`)}}, Cache: []rulebox.CacheEntry{{Key: "k"}}}).Append(nil))
	f.Add(AppendResult(nil, 1, &rulebox.Result{Commands: []json.RawMessage{nil, {}}, Suspended: 1 << 16}, nil))
	f.Add(AppendID(nil, KindForget, 1))
	f.Add(AppendCode(nil, "digest", [32]byte{1}, make([]byte, 100)))
	f.Add([]byte{0xff, 0xff, 0xff, 0x00, 10, 1, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, in []byte) {
		rd := NewReader(bytes.NewReader(in), 1<<20)
		for {
			kind, b, err := rd.Next()
			if err != nil {
				return
			}
			decodeAny(t, kind, b)
		}
	})
}

func decodeAny(t *testing.T, kind Kind, b []byte) {
	switch kind {
	case KindReady:
		new(Ready).Decode(b)
	case KindLease:
		new(Lease).Decode(b)
	case KindScript:
		DecodeScript(b)
	case KindChain:
		id, c, err := DecodeChain(b)
		if err == nil {
			_, c2, err := DecodeChain(body(t, AppendChain(nil, id, c), KindChain))
			require.NoError(t, err)
			require.Equal(t, c, c2)
		}
	case KindInvoke:
		var m, again Invoke
		if m.Decode(b) == nil {
			require.NoError(t, again.Decode(body(t, m.Append(nil), KindInvoke)))
			require.True(t, m.Now.Equal(again.Now))
			m.Now, again.Now = time.Time{}, time.Time{}
			require.Equal(t, m, again)
		}
	case KindCheck:
		DecodeCheck(b)
	case KindResult:
		seq, r, e, err := DecodeResult(b)
		if err == nil {
			seq2, r2, e2, err := DecodeResult(body(t, AppendResult(nil, seq, r, e), KindResult))
			require.NoError(t, err)
			require.Equal(t, seq, seq2)
			require.Equal(t, r, r2)
			require.Equal(t, e, e2)
		}
	case KindReport:
		new(Report).Decode(b)
	case KindCode:
		var m, again Code
		if m.Decode(b) == nil {
			require.NoError(t, again.Decode(body(t, m.Append(nil), KindCode)))
			require.Equal(t, m, again)
		}
	default:
		DecodeID(b)
	}
}

// FuzzDial is the same for the broker's packets.
func FuzzDial(f *testing.F) {
	f.Add((&DialRequest{ID: 1, Chain: 2, Address: "a:1", Timeout: time.Second}).Append(nil))
	f.Add((&DialReply{ID: 1, Err: &rulebox.Error{Code: rulebox.CodeForbidden}}).Append(nil))
	f.Fuzz(func(t *testing.T, in []byte) {
		var m, again DialRequest
		if m.Decode(in) == nil {
			require.NoError(t, again.Decode(m.Append(nil)))
			require.Equal(t, m, again)
		}
		new(DialReply).Decode(in)
	})
}
