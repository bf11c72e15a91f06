package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rulebox/rulebox"
)

const (
	codeBucket = "rulebox_code"
	// maxCodes bounds it, in bytes; full, it takes no more. minCodes is the least.
	maxCodes = 2 << 30
	minCodes = 32 << 20
	// maxCodeRecord bounds one record; workers make less.
	maxCodeRecord = 80 << 20
)

// sharedCode is native code that nodes share, in an object store of JetStream.
type sharedCode struct{ objects jetstream.ObjectStore }

// ShareCode has c exchange native code with other nodes. It is called before c is
// used.
func (k *KV) ShareCode(ctx context.Context, c *Code) error {
	ctx, cancel := context.WithTimeout(ctx, kvTimeout)
	defer cancel()
	objects, err := k.js.ObjectStore(ctx, codeBucket)
	if err == nil {
		c.shared = &sharedCode{objects}
		return nil
	}
	for _, n := range []int{replicas, 1} {
		for size := int64(maxCodes); size >= minCodes; size /= 4 {
			objects, err = k.js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{
				Bucket: codeBucket, Description: "Rulebox: native code of WebAssembly", TTL: codeUnused, MaxBytes: size, Replicas: n, Storage: jetstream.FileStorage,
			})
			if errors.Is(err, jetstream.ErrBucketExists) {
				objects, err = k.js.ObjectStore(ctx, codeBucket)
			}
			if err == nil {
				c.shared = &sharedCode{objects}
				return nil
			}
			if !lacksRoom(err) {
				break
			}
		}
	}
	return fmt.Errorf("store: bucket %s: %w", codeBucket, err)
}

func (s *sharedCode) get(ctx context.Context, engine string, digest rulebox.Digest) ([]byte, error) {
	info, err := s.objects.GetInfo(ctx, engine+"/"+string(digest))
	switch {
	case errors.Is(err, jetstream.ErrObjectNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case info.Size > maxCodeRecord:
		return nil, fmt.Errorf("store: native code of %d bytes", info.Size)
	}
	return s.objects.GetBytes(ctx, info.Name)
}

func (s *sharedCode) put(ctx context.Context, engine string, digest rulebox.Digest, record []byte) error {
	_, err := s.objects.PutBytes(ctx, engine+"/"+string(digest), record)
	return err
}
