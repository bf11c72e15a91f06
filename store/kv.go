package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox/transaction"
)

// ErrNoJetStream means that the account of the node's connection has no JetStream.
var ErrNoJetStream = errors.New("store: the NATS account of this node has no JetStream")

// The buckets that nodes share. They are streams of KV's form, so that NATS's own
// tools read them.
const (
	stateBucket = "rulebox_states"
	cacheBucket = "rulebox_cache"
	// maxStates and maxCaches bound them, in bytes: a full bucket of states takes
	// no more, the caches lose the oldest.
	maxStates = 256 << 20
	maxCaches = 64 << 20
	// minBucket is the least that a bucket may hold, in bytes.
	minBucket = 1 << 20
	// kvTimeout bounds one request to JetStream.
	kvTimeout = 5 * time.Second
	// clearTimeout is how long a login waits for what it need not wait for.
	clearTimeout = 500 * time.Millisecond
	clearRest    = time.Minute
	// replicas is how many servers of a cluster keep a bucket, if it has so many.
	replicas = 3
)

// KV is what nodes share through JetStream: the states of suspended logins, and
// the caches.
type KV struct {
	js  jetstream.JetStream
	log *zap.Logger
}

// OpenKV returns what nodes share through the JetStream of the connection's
// account. It asks the server and starts nothing. The error is ErrNoJetStream if
// there is none.
func OpenKV(ctx context.Context, conn *nats.Conn, log *zap.Logger) (*KV, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("store: JetStream: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, kvTimeout)
	defer cancel()
	_, err = js.AccountInfo(ctx)
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, nats.ErrNoResponders):
		return nil, ErrNoJetStream
	case err != nil:
		return nil, fmt.Errorf("store: JetStream does not answer: %w", err)
	}
	return &KV{js: js, log: log}, nil
}

// bucket opens a bucket and makes it if it is not there. One that is there keeps
// its settings: they may be the operator's.
func (k *KV) bucket(ctx context.Context, c jetstream.StreamConfig) (jetstream.KeyValue, error) {
	bucket := c.Name
	if kv, err := k.js.KeyValue(ctx, bucket); err == nil {
		return kv, nil
	}
	c.Name, c.Subjects = "KV_"+bucket, []string{"$KV." + bucket + ".>"}
	c.MaxMsgsPerSubject, c.MaxMsgs, c.MaxConsumers = 1, -1, -1
	c.AllowRollup, c.DenyDelete = true, true
	c.Duplicates = min(c.MaxAge, 2*time.Minute)
	var err error
	for _, c.Replicas = range []int{replicas, 1} {
		// A server alone, or a cluster that is too small, has no replicas. JetStream
		// reserves what a bucket may hold; a small disk has a small one.
		for size := c.MaxBytes; size >= minBucket; size /= 4 {
			c := c
			c.MaxBytes = size
			if _, err = k.js.CreateStream(ctx, c); err == nil || errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
				return k.js.KeyValue(ctx, bucket)
			}
			if !lacksRoom(err) {
				break
			}
		}
	}
	return nil, fmt.Errorf("store: bucket %s: %w", bucket, err)
}

// lacksRoom reports whether JetStream has no room for what a stream may hold.
func lacksRoom(err error) bool {
	var e *jetstream.APIError
	return errors.As(err, &e) && (e.ErrorCode == errStorage || e.ErrorCode == errMemory)
}

// Codes of JetStream's API (JSStorageResourcesExceededErr and
// JSMemoryResourcesExceededErr of nats-server).
const (
	errStorage jetstream.ErrorCode = 10047
	errMemory  jetstream.ErrorCode = 10028
)

// States returns where all nodes keep the states of suspended logins, on disk.
// The answers of its servers are never stale: no replica answers by itself.
func (k *KV) States(ctx context.Context) (transaction.States, error) {
	ctx, cancel := context.WithTimeout(ctx, kvTimeout)
	defer cancel()
	kv, err := k.bucket(ctx, jetstream.StreamConfig{
		Name: stateBucket, Description: "Rulebox: suspended logins, sealed", Storage: jetstream.FileStorage,
		MaxAge: transaction.StateTTL, MaxBytes: maxStates, MaxMsgSize: transaction.MaxState + 4<<10, Discard: jetstream.DiscardNew,
	})
	if err != nil {
		return nil, err
	}
	stream, err := k.js.Stream(ctx, "KV_"+stateBucket)
	if err != nil {
		return nil, fmt.Errorf("store: bucket %s: %w", stateBucket, err)
	}
	return &states{js: k.js, kv: kv, stream: stream, room: max(stream.CachedInfo().Config.MaxBytes, 0)}, nil
}

type states struct {
	js     jetstream.JetStream
	kv     jetstream.KeyValue
	stream jetstream.Stream
	room   int64
	// resting is until when no marks are cleared, in nanoseconds since 1970.
	resting atomic.Int64
}

// Room is how many bytes the bucket holds, for all tenants; 0 where it has no bound.
func (s *states) Room() int64 { return s.room }

// Put implements transaction.States. Records live as long as the bucket keeps
// them, which is at least ttl: the token tells when it ends.
func (s *states) Put(ctx context.Context, name string, record []byte, _ time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, kvTimeout)
	defer cancel()
	_, err := s.kv.Create(ctx, name, record)
	return err
}

// Take implements transaction.States. Who deletes the revision that was read has
// it. The mark that a deletion leaves goes, too: nobody is to fill the bucket with
// logins that are over.
func (s *states) Take(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, kvTimeout)
	defer cancel()
	entry, err := s.kv.Get(ctx, name)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	subject := "$KV." + stateBucket + "." + name
	mark := &nats.Msg{Subject: subject, Header: nats.Header{"KV-Operation": {"DEL"}}}
	ack, err := s.js.PublishMsg(ctx, mark, jetstream.WithExpectLastSequencePerSubject(entry.Revision()))
	switch {
	case conflict(err):
		return nil, nil // somebody was faster
	case err != nil:
		return nil, err
	}
	s.clear(ctx, subject, ack.Sequence)
	return entry.Value(), nil
}

// clear removes the mark that a deletion has left: up to it, so that what is kept
// under the name from now on stays. A mark that cannot be removed expires with the
// rest. A server that does not let us, or is slow, is left alone for a while: logins
// wait for this.
func (s *states) clear(ctx context.Context, subject string, mark uint64) {
	now := time.Now()
	if now.UnixNano() < s.resting.Load() {
		return
	}
	ctx, stop := context.WithTimeout(ctx, clearTimeout)
	defer stop()
	if s.stream.Purge(ctx, jetstream.WithPurgeSubject(subject), jetstream.WithPurgeSequence(mark+1)) != nil {
		s.resting.Store(now.Add(clearRest).UnixNano())
	}
}

// conflict reports whether a change was refused because somebody else's came
// first. Replicated streams say so in a code of their own.
func conflict(err error) bool {
	var e *jetstream.APIError
	return errors.Is(err, jetstream.ErrKeyExists) || errors.As(err, &e) &&
		(e.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || e.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// StateKey reads the key of suspended logins, which all nodes of an installation
// share: 64 hexadecimal digits in a file of mode 0600. It is made if it is not
// there.
func StateKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, transaction.StateKeySize)
		_, _ = rand.Read(key) // never fails
		temp := fmt.Sprintf("%s.%s", path, rand.Text())
		if err := WriteFile(temp, []byte(hex.EncodeToString(key)+"\n"), 0o600); err != nil {
			return nil, err
		}
		defer os.Remove(temp)
		// Of two processes that make one, the first has it.
		if err := os.Link(temp, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("store: %w", err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("store: the key of suspended logins: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != transaction.StateKeySize {
		return nil, fmt.Errorf("store: %s does not hold the key of suspended logins, %d hexadecimal digits; copy it from another node, or remove it to begin with a new one (logins that are suspended then begin again)", path, 2*transaction.StateKeySize)
	}
	return key, nil
}
