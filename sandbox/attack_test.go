package sandbox

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox/internal/wire"
)

func init() {
	abuses = append(abuses, abuse{"answers and burns, said to be idle", func(v *villain, inv *wire.Invoke) {
		v.page.Set(0, -1)
		v.result(inv.Seq, fine, nil)
		for v.page.Idle() {
		}
	}, "", causes})
}

func init() {
	abuses = append(abuses, abuse{"many dials that take long", func(v *villain, inv *wire.Invoke) {
		for i := range uint64(100) {
			v.dials.Write((&wire.DialRequest{ID: i, Address: "slow.example:443", Timeout: time.Hour}).Append(nil))
		}
		time.Sleep(50 * time.Millisecond)
		v.result(inv.Seq, fine, nil)
		sleep()
	}, "", causes})
}

// slowDNS answers when the question is given up.
type slowDNS struct{ asked atomic.Int32 }

func (s *slowDNS) LookupNetIP(ctx context.Context, _, _ string) ([]netip.Addr, error) {
	s.asked.Add(1)
	defer s.asked.Add(-1)
	<-ctx.Done()
	return nil, ctx.Err()
}

// What a worker has the node dial ends with the worker, also when it asked for
// more than is done at a time: else a tenant whose workers die one after the
// other could have the node hold ever more sockets.
func TestDialsEndWithTheirWorker(t *testing.T) {
	if raceDetector {
		t.Skip("needs the whole jail, which is built without cgo")
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	dns := &slowDNS{}
	p, stop := run(t, Options{Command: []string{exe, "villain", "many dials that take long"}, Warm: 1, Egress: Egress{Resolver: dns}})
	stop = sync.OnceFunc(stop)
	defer stop()
	_, err = login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return dns.asked.Load() == 64 }, 10*time.Second, time.Millisecond, "no more than MaxDials at a time")
	theWorker(t, p).kill(&death{cause: byRetire})
	require.Eventually(t, func() bool { return dns.asked.Load() == 0 }, 5*time.Second, time.Millisecond, "still dialling for a worker that is gone")
}

// The processor time of a worker is what the kernel counts: one that says it is
// idle while it computes is ended all the same.
func TestWorkerThatBurnsInSecret(t *testing.T) {
	if raceDetector {
		t.Skip("needs the whole jail, which is built without cgo")
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	p, stop := run(t, Options{Command: []string{exe, "villain", "answers and burns, said to be idle"}, Warm: 1})
	defer stop()
	_, err = login(bg(t), p, chainOf("acme", okRule))
	require.NoError(t, err)
	w := theWorker(t, p)
	p.mu.Lock()
	w.wall = 100 * time.Millisecond // else the longest that an invocation may take
	p.mu.Unlock()
	require.Eventually(t, func() bool {
		p.inspect()
		return p.Stats().Deaths[causeNames[byProtocol]] == 1
	}, 30*time.Second, 20*time.Millisecond)
	assert.NotZero(t, p.Stats().Demoted)
}

func TestMeter(t *testing.T) {
	const wall = time.Second
	at := time.Unix(1000, 0)
	look := func(m *meter, free time.Time, cpu ...time.Duration) (burns bool, err error) {
		for i, c := range cpu {
			if burns, err = m.look(at.Add(time.Duration(i)*time.Second), c, free, wall); err != nil {
				return burns, err
			}
		}
		return burns, nil
	}
	ms := time.Millisecond
	_, err := look(new(meter), time.Time{}, 5000*ms, 6000*ms, 7000*ms, 8000*ms, 9000*ms)
	assert.NoError(t, err, "one processor for long, for an invocation")
	_, err = look(new(meter), time.Time{}, 0, 2200*ms)
	assert.ErrorContains(t, err, "more threads")
	_, err = look(new(meter), at, 0, 700*ms, 1400*ms, 1900*ms)
	assert.NoError(t, err, "what an invocation may leave behind")
	burns, err := look(new(meter), at, 0, 700*ms)
	assert.True(t, burns)
	assert.NoError(t, err)
	_, err = look(new(meter), at, 0, 900*ms, 1800*ms, 2100*ms)
	assert.ErrorContains(t, err, "nothing to do")
	m := new(meter)
	_, err = look(m, at, 0, 900*ms, 1800*ms)
	assert.NoError(t, err)
	_, err = m.look(at.Add(3*time.Second), 2700*ms, time.Time{}, wall)
	assert.NoError(t, err)
	assert.Zero(t, m.idle, "an invocation starts it anew")
}

// A script that others have too (the public rules are the same bytes for all)
// is not slowed down for them by a tenant that makes it look bad.
func TestOneTenantsTaintIsNotAnothers(t *testing.T) {
	p := open(t, Options{})
	evil := chainOf("evil", `function (user, context, callback) {
		Object.defineProperty(context.idToken, 'seen', { set: function () { Array.prototype.indexOf.call({length: 2**53-1}, 1); } });
		callback(null, user, context);
	}`, okRule)
	evil.Limits.Wall = 300 * time.Millisecond
	good := chainOf("good", okRule)
	_, err := login(bg(t), p, evil)
	var e *rulebox.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, rulebox.CodeTimeout, e.Code)
	require.Equal(t, "b", e.Script, "the innocent rule is blamed")
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.True(t, p.mustRunAlone(evil))
	assert.False(t, p.mustRunAlone(good))
}

// The node's own public addresses are no way around what is refused: whatever
// listens there is behind the firewall for a connection from the machine itself.
func TestNodesOwnAddresses(t *testing.T) {
	dns := &fakeDNS{answers: map[string][][]netip.Addr{"me.example": {addrs("9.9.9.9", "2620:fe::fe")}}}
	b, err := newBroker(Egress{Resolver: dns})
	require.NoError(t, err)
	b.machine.list = func() ([]net.Addr, error) {
		var list []net.Addr
		for _, s := range []string{"127.0.0.1/8", "9.9.9.9/24", "2620:fe::fe/64"} {
			ip, n, err := net.ParseCIDR(s)
			require.NoError(t, err)
			list = append(list, &net.IPNet{IP: ip, Mask: n.Mask})
		}
		return list, nil
	}
	for _, address := range []string{"9.9.9.9:443", "[2620:fe::fe]:443", "[::ffff:9.9.9.9]:443", "me.example:443"} {
		_, err := b.decide(bg(t), nil, address)
		assert.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err), "%s: %v", address, err)
	}
	_, err = b.decide(bg(t), nil, "9.9.9.10:443")
	assert.NoError(t, err, "a neighbour is not this machine")
	rules, err := parseEgress([]string{"9.9.9.9:443"})
	require.NoError(t, err)
	_, err = b.decide(bg(t), rules, "9.9.9.9:443")
	assert.NoError(t, err, "named ones are open")

	b.machine.at = time.Time{}
	b.machine.list = func() ([]net.Addr, error) { return nil, errors.New("netlink") }
	_, err = b.decide(bg(t), nil, "9.9.9.9:443")
	assert.Error(t, err, "the last list stands")
}

// The kernel holds only so much of what a worker does not read: the socket is
// the node's, and counts against none of the worker's limits.
func TestBuffersOfConnectionsAreBounded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	b, err := newBroker(Egress{Allow: []string{l.Addr().String()}})
	require.NoError(t, err)
	s := &session{broker: b, ctx: context.Background()}
	conn, err := s.dial(bg(t), nil, l.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	raw, err := conn.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	for _, opt := range []int{unix.SO_RCVBUF, unix.SO_SNDBUF} {
		var n int
		require.NoError(t, raw.Control(func(fd uintptr) { n, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, opt) }))
		require.NoError(t, err)
		assert.LessOrEqual(t, n, 2*maxBuffer) // the kernel doubles it
	}
	peer, err := l.Accept()
	require.NoError(t, err)
	defer peer.Close()
	peer.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
	n, _ := io.Copy(peer, zeros{})
	assert.Less(t, n, int64(8<<20), "taken in for a worker that reads nothing")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A proxy answers TRACE with the request as it got it: with the node's password.
func TestProxysPasswordIsNotTraced(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			req, err := http.ReadRequest(bufio.NewReader(c))
			if err == nil {
				res := &http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Echo": {req.Header.Get("Proxy-Authorization")}}}
				res.Write(c)
			}
			c.Close()
		}
	}()
	u, err := url.Parse("http://node:hush@" + l.Addr().String())
	require.NoError(t, err)
	b := &broker{proxy: u}
	for _, method := range []string{"TRACE", "CONNECT", "GET"} {
		mine, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.relayRequests(bg(t), theirs, &target{host: "shop.example", port: 80})
			theirs.Close()
		}()
		io.WriteString(mine, method+" / HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\nConnection: close\r\n\r\n")
		mine.SetReadDeadline(time.Now().Add(10 * time.Second))
		answer, _ := io.ReadAll(mine)
		mine.Close()
		<-done
		if method == "GET" {
			assert.Contains(t, string(answer), "Echo: Basic", "the proxy of this test echoes")
		} else {
			assert.Empty(t, string(answer), method)
		}
	}
}

// An entry that names a host opens what the name's owner points it to, but not
// the machine's credentials: that takes the address itself.
func TestNamesDoNotOpenMetadata(t *testing.T) {
	dns := &fakeDNS{answers: map[string][][]netip.Addr{"api.corp.example": {addrs("169.254.169.254", "fd00:ec2::254")}, "db.corp.example": {addrs("10.1.2.3")}}}
	b, err := newBroker(Egress{Resolver: dns})
	require.NoError(t, err)
	for entry, open := range map[string]bool{"*.corp.example:80": false, "api.corp.example:80": false, "api.corp.example:*": false, "169.254.169.254": true, "169.254.0.0/16": true, "169.254.169.254:80": true} {
		rules, err := parseEgress([]string{entry})
		require.NoError(t, err)
		found, err := b.decide(bg(t), rules, "api.corp.example:80")
		if open {
			require.NoError(t, err, entry)
			assert.Equal(t, addrs("169.254.169.254"), found.addrs, entry)
		} else {
			assert.Equal(t, rulebox.CodeForbidden, rulebox.CodeOf(err), entry)
		}
	}
	rules, err := parseEgress([]string{"*.corp.example:80"})
	require.NoError(t, err)
	_, err = b.decide(bg(t), rules, "db.corp.example:80")
	require.NoError(t, err)
}
