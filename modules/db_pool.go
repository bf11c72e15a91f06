package modules

import (
	"context"
	"errors"
	"io"
	"net"
	"reflect"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A dbConn is one session with a database server.
type dbConn interface {
	// Reset makes the session as it was after login.
	Reset(ctx context.Context) error
	// Usable is false when nothing but Abandon and Close is left to do.
	Usable() bool
	// Abandon ends what the server still does for a session that was left in the
	// middle of it, over a connection of its own.
	Abandon(ctx context.Context, dial func(context.Context) (net.Conn, error)) error
	Close() error
}

const (
	dbIdleLimit    = 30 * time.Second // an unused connection is closed after this
	dbResetLimit   = 5 * time.Second
	dbConnectLimit = 10 * time.Second // for waiting, connecting and login together, unless the script says less
	dbDefaultMax   = 8
)

// dbMax is how many connections to databases one tenant holds in this process.
var dbMax atomic.Int32

// SetMaxConnections bounds the connections to databases that one tenant holds in
// this process, those between two invocations included. Default 8.
func SetMaxConnections(n int) { dbMax.Store(int32(max(n, 1))) }

func maxConnections() int {
	if n := dbMax.Load(); n > 0 {
		return int(n)
	}
	return dbDefaultMax
}

// dbKey tells sessions apart that must not stand in for each other: another
// egress policy, server, account or option.
type dbKey struct {
	scope  uint64
	driver string
	config [32]byte // a hash: the password is part of it
}

// A dbStore holds the connections of one Host, which belongs to one tenant. It
// starts a goroutine for each connection that is given back; it ends within
// dbResetLimit, and Close waits for it.
type dbStore struct {
	mu      sync.Mutex // guards what follows
	open    int        // connections, and those that are being made or reset
	idle    []dbIdle   // oldest first
	waiters []*dbWaiter
	timer   *time.Timer
	closed  bool

	resets sync.WaitGroup
}

type dbIdle struct {
	key   dbKey
	conn  dbConn
	raw   net.Conn
	since time.Time
}

// A dbLease is a connection in use. conn is nil until it is made.
type dbLease struct {
	store *dbStore
	key   dbKey
	conn  dbConn
	raw   net.Conn
	dial  func(context.Context) (net.Conn, error)
}

type dbWaiter struct {
	key dbKey
	got chan *dbLease // one slot
}

var (
	errDBBusy   = errors.New("all connections are in use")
	errDBClosed = errors.New("the worker is shutting down")
)

// dbStores are the stores of this process, one for each Host.
var dbStores struct {
	sync.Mutex
	m map[Host]*dbStore
}

func dbStoreOf(h Host) *dbStore {
	if !reflect.TypeOf(h).Comparable() {
		return &dbStore{} // nothing is shared
	}
	dbStores.Lock()
	defer dbStores.Unlock()
	s := dbStores.m[h]
	if s == nil {
		if dbStores.m == nil {
			dbStores.m = map[Host]*dbStore{}
		}
		s = &dbStore{}
		dbStores.m[h] = s
	}
	return s
}

// CloseConnections closes the connections to databases that are kept for the
// host, and waits until they are. What is in use is closed when it is given back.
func CloseConnections(h Host) {
	if h == nil || !reflect.TypeOf(h).Comparable() {
		return
	}
	dbStores.Lock()
	s := dbStores.m[h]
	delete(dbStores.m, h)
	dbStores.Unlock()
	if s != nil {
		s.close()
	}
}

func (s *dbStore) close() {
	s.mu.Lock()
	s.closed = true
	idle, waiters := s.idle, s.waiters
	s.open -= len(idle)
	s.idle, s.waiters = nil, nil
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	for _, w := range waiters {
		close(w.got)
	}
	for _, c := range idle {
		c.conn.Close()
	}
	s.resets.Wait()
}

// lease waits for a connection that can stand for key, or for the right to make
// one. First come, first served.
func (s *dbStore) lease(ctx context.Context, key dbKey) (*dbLease, error) {
	w := &dbWaiter{key, make(chan *dbLease, 1)}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errDBClosed
	}
	s.waiters = append(s.waiters, w)
	s.settle()
	s.mu.Unlock()
	select {
	case l := <-w.got:
		if l == nil {
			return nil, errDBClosed
		}
		return l, nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for i, o := range s.waiters {
		if o == w {
			s.waiters = append(s.waiters[:i], s.waiters[i+1:]...)
		}
	}
	s.mu.Unlock()
	select {
	case l := <-w.got: // it came at the same moment
		if l != nil {
			l.giveBack()
		}
	default:
	}
	return nil, errDBBusy
}

// free reports whether a connection could be had without waiting for others.
func (s *dbStore) free() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiters) == 0 && (s.open < maxConnections() || len(s.idle) > 0)
}

// settle serves waiters in their order as far as there is something for them. It
// is called with the lock held.
func (s *dbStore) settle() {
	for len(s.waiters) > 0 {
		w := s.waiters[0]
		l := &dbLease{store: s, key: w.key}
		if i := s.alive(w.key); i >= 0 {
			l.conn, l.raw = s.idle[i].conn, s.idle[i].raw
			s.idle = append(s.idle[:i], s.idle[i+1:]...)
		} else if s.open < maxConnections() {
			s.open++
		} else if len(s.idle) > 0 { // its place, not itself
			s.idle[0].conn.Close()
			s.idle = append(s.idle[:0], s.idle[1:]...)
		} else {
			return
		}
		s.waiters = s.waiters[1:]
		w.got <- l
	}
}

// alive returns the index of the newest idle connection for the key, and closes
// those on its way that the server has closed.
func (s *dbStore) alive(key dbKey) int {
	for i := len(s.idle) - 1; i >= 0; i-- {
		if s.idle[i].key != key {
			continue
		}
		if quiet(s.idle[i].raw) {
			return i
		}
		s.idle[i].conn.Close()
		s.idle = append(s.idle[:i], s.idle[i+1:]...)
		s.open--
	}
	return -1
}

// quiet reports whether the connection is open and nothing came on it. It does
// not wait.
func quiet(c net.Conn) bool {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return true
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	still := false
	err = rc.Read(func(fd uintptr) bool {
		var b [1]byte
		_, err := syscall.Read(int(fd), b[:])
		still = err == syscall.EAGAIN
		return true
	})
	return err == nil && still
}

// giveBack ends the lease: the connection is reset and kept, or closed. It does
// not wait.
func (l *dbLease) giveBack() {
	s := l.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.conn == nil || s.closed {
		s.drop(l.conn)
		return
	}
	s.resets.Add(1)
	go func() {
		defer s.resets.Done()
		ctx, cancel := context.WithTimeout(context.Background(), dbResetLimit)
		var err error
		if l.conn.Usable() {
			err = l.conn.Reset(ctx)
		} else if l.dial != nil {
			// Its place is not free before the server is done with it.
			l.conn.Abandon(ctx, l.dial)
		}
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		if err != nil || s.closed || !l.conn.Usable() {
			s.drop(l.conn)
			return
		}
		s.idle = append(s.idle, dbIdle{l.key, l.conn, l.raw, time.Now()})
		s.settle()
		s.watch()
	}()
}

// drop closes a connection and serves who waits for its place. It is called with
// the lock held.
func (s *dbStore) drop(c io.Closer) {
	if c != nil && !reflect.ValueOf(c).IsNil() {
		c.Close()
	}
	s.open--
	s.settle()
}

// watch sees to it that idle connections are closed in time. It is called with
// the lock held.
func (s *dbStore) watch() {
	if len(s.idle) == 0 {
		return
	}
	d := max(time.Until(s.idle[0].since.Add(dbIdleLimit)), time.Millisecond)
	if s.timer == nil {
		s.timer = time.AfterFunc(d, s.expire)
	} else {
		s.timer.Reset(d)
	}
}

func (s *dbStore) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := time.Now().Add(-dbIdleLimit)
	for len(s.idle) > 0 && !s.idle[0].since.After(old) {
		s.idle[0].conn.Close()
		s.idle = append(s.idle[:0], s.idle[1:]...)
		s.open--
	}
	s.watch()
}
