package modules

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// conn is a session whose end a test decides.
type fakeConn struct {
	resets, closes atomic.Int32
	broken         atomic.Bool
	fail           error
	hold           chan struct{} // Reset waits for it if not nil
}

func (c *fakeConn) Reset(ctx context.Context) error {
	c.resets.Add(1)
	if c.hold != nil {
		<-c.hold
	}
	return c.fail
}
func (c *fakeConn) Usable() bool { return !c.broken.Load() }
func (c *fakeConn) Abandon(context.Context, func(context.Context) (net.Conn, error)) error {
	return nil
}
func (c *fakeConn) Close() error { c.closes.Add(1); return nil }

func bound(t *testing.T, n int) {
	old := dbMax.Load()
	SetMaxConnections(n)
	t.Cleanup(func() { dbMax.Store(old) })
}

func key(name string) dbKey { return dbKey{driver: name} }

func pair(t *testing.T) (client, server net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	server, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func TestStoreKeepsAndResets(t *testing.T) {
	s := &dbStore{}
	ctx := t.Context()
	l, err := s.lease(ctx, key("a"))
	require.NoError(t, err)
	require.Nil(t, l.conn, "there is none yet")
	c := &fakeConn{}
	raw, _ := pair(t)
	l.conn, l.raw = c, raw
	l.giveBack()
	s.resets.Wait()
	assert.EqualValues(t, 1, c.resets.Load())
	again, err := s.lease(ctx, key("a"))
	require.NoError(t, err)
	assert.Same(t, c, again.conn)
	other, err := s.lease(ctx, key("b"))
	require.NoError(t, err)
	assert.Nil(t, other.conn, "another account's connection was handed out")
	again.giveBack()
	other.giveBack()
	s.close()
	assert.EqualValues(t, 1, c.closes.Load())
	assert.Zero(t, s.open)
}

// What cannot be reset, or broke, is closed, and its place is free.
func TestStoreDropsTheBroken(t *testing.T) {
	bound(t, 1)
	for name, spoil := range map[string]func(*fakeConn){
		"reset fails": func(c *fakeConn) { c.fail = errors.New("no") },
		"broken":      func(c *fakeConn) { c.broken.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			s := &dbStore{}
			l, err := s.lease(t.Context(), key("a"))
			require.NoError(t, err)
			c := &fakeConn{}
			spoil(c)
			l.conn = c
			l.giveBack()
			next, err := s.lease(t.Context(), key("a"))
			require.NoError(t, err)
			assert.Nil(t, next.conn)
			assert.EqualValues(t, 1, c.closes.Load())
		})
	}
}

// A connection that the server closed while nobody used it is not handed out.
func TestStoreNoticesClosedConnections(t *testing.T) {
	s := &dbStore{}
	l, err := s.lease(t.Context(), key("a"))
	require.NoError(t, err)
	raw, server := pair(t)
	c := &fakeConn{}
	l.conn, l.raw = c, raw
	l.giveBack()
	s.resets.Wait()
	server.Close()
	require.Eventually(t, func() bool { return !quiet(raw) }, 5*time.Second, time.Millisecond)
	next, err := s.lease(t.Context(), key("a"))
	require.NoError(t, err)
	assert.Nil(t, next.conn)
	assert.EqualValues(t, 1, c.closes.Load())
	assert.Equal(t, 1, s.open)
}

// At the bound others wait, in their order, and no longer than their context.
func TestStoreBound(t *testing.T) {
	bound(t, 1)
	s := &dbStore{}
	first, err := s.lease(t.Context(), key("a"))
	require.NoError(t, err)
	first.conn = &fakeConn{}
	assert.False(t, s.free())

	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = s.lease(short, key("a"))
	require.ErrorIs(t, err, errDBBusy)
	assert.Empty(t, s.waiters, "who gave up is not served")

	order := make(chan string, 2)
	for i, name := range []string{"b", "c"} {
		go func() {
			l, err := s.lease(t.Context(), key(name))
			if err == nil {
				order <- name
				l.giveBack()
			}
		}()
		require.Eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.waiters) == i+1 }, 5*time.Second, time.Millisecond)
	}
	first.giveBack()
	assert.Equal(t, "b", <-order)
	assert.Equal(t, "c", <-order)
}

// An idle connection gives its place to one for another server.
func TestStorePlaceOfTheIdle(t *testing.T) {
	bound(t, 1)
	s := &dbStore{}
	l, err := s.lease(t.Context(), key("a"))
	require.NoError(t, err)
	c := &fakeConn{}
	raw, _ := pair(t)
	l.conn, l.raw = c, raw
	l.giveBack()
	s.resets.Wait()
	assert.True(t, s.free())
	next, err := s.lease(t.Context(), key("b"))
	require.NoError(t, err)
	assert.Nil(t, next.conn)
	assert.EqualValues(t, 1, c.closes.Load())
	assert.Equal(t, 1, s.open)
}

// Idle connections are closed in time, and their place is free.
func TestStoreExpires(t *testing.T) {
	s := &dbStore{}
	l, err := s.lease(t.Context(), key("a"))
	require.NoError(t, err)
	c := &fakeConn{}
	raw, _ := pair(t)
	l.conn, l.raw = c, raw
	l.giveBack()
	s.resets.Wait()
	s.mu.Lock()
	s.idle[0].since = time.Now().Add(-dbIdleLimit)
	s.mu.Unlock()
	s.expire()
	assert.EqualValues(t, 1, c.closes.Load())
	assert.Zero(t, s.open)
}

// Close waits for resets, and sends those who wait away.
func TestStoreClose(t *testing.T) {
	bound(t, 1)
	s := &dbStore{}
	l, err := s.lease(t.Context(), key("a"))
	require.NoError(t, err)
	c := &fakeConn{hold: make(chan struct{})}
	l.conn = c
	l.giveBack()
	waited := make(chan error, 1)
	go func() { _, err := s.lease(t.Context(), key("a")); waited <- err }()
	require.Eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.waiters) == 1 }, 5*time.Second, time.Millisecond)
	closed := make(chan struct{})
	go func() { s.close(); close(closed) }()
	require.ErrorIs(t, <-waited, errDBClosed)
	select {
	case <-closed:
		t.Fatal("did not wait for the reset")
	case <-time.After(10 * time.Millisecond):
	}
	close(c.hold)
	<-closed
	assert.EqualValues(t, 1, c.closes.Load())
	assert.Zero(t, s.open)
	_, err = s.lease(t.Context(), key("a"))
	require.ErrorIs(t, err, errDBClosed)
}

// What scripts' options may not say.
func TestTarget(t *testing.T) {
	good := Object{{"host", "db.example"}, {"port", 5432.0}}
	_, err := dbTargetOf(good)
	require.NoError(t, err)
	for want, o := range map[string]Object{
		"between 1 and 65535":  {{"host", "h"}, {"port", 0.0}},
		"`host` of the":        {{"port", 1.0}},
		"unix sockets are not": {{"host", "/run/x"}, {"port", 1.0}},
	} {
		_, err := dbTargetOf(o)
		require.Error(t, err)
		assert.Contains(t, err.Error(), want)
	}
	long, err := dbTargetOf(Object{{"host", "h"}, {"port", 1.0}, {"timeout", 1e9}})
	require.NoError(t, err)
	assert.Equal(t, dbConnectLimit, long.limit, "a script cannot wait for ever")
	one, _ := dbTargetOf(Object{{"host", "h"}, {"port", 1.0}, {"password", "a"}})
	two, _ := dbTargetOf(Object{{"host", "h"}, {"port", 1.0}, {"password", "b"}})
	assert.NotEqual(t, one.key(t.Context(), nil, "pg"), two.key(t.Context(), nil, "pg"), "the password is not part of the key")
}
