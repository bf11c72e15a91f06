package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox/bus"
	"github.com/rulebox/rulebox/store"
	"github.com/rulebox/rulebox/transaction"
)

// key is what all nodes of the installation share.
func (f *serveFlags) key() ([]byte, error) {
	if f.stateKey == "" {
		f.stateKey = filepath.Join(f.data, "state.key")
	}
	return store.StateKey(f.stateKey)
}

// share gives the pipeline what all nodes of the installation have in common: the
// states of suspended logins, and the caches of actions. Without kv, err says why.
func (f *serveFlags) share(ctx context.Context, s *stack, kv *store.KV, err error, key []byte, pipeline *transaction.Pipeline, log *zap.Logger) error {
	var states transaction.States = transaction.NewMemoryStates()
	switch {
	case errors.Is(err, store.ErrNoJetStream):
		log.Warn("the NATS account of this node has no JetStream: suspended logins are kept in this process, so that only this node resumes them, and caches of actions are its own; give the account JetStream to share them")
		pipeline.Caches = transaction.NewMemoryCaches()
	case err != nil:
		return err
	default:
		if shared, err := kv.States(ctx); err == nil {
			states = shared
		} else {
			// No place for what waits is no reason to refuse what does not.
			log.Error("suspended logins are kept in this process, so that only this node resumes them, and none outlives it", zap.Error(err))
		}
		caches := kv.Caches()
		s.start("caches", caches.Run)
		pipeline.Caches = caches
	}
	if pipeline.Suspensions, err = transaction.NewSuspensions(states, key); err != nil {
		return err
	}
	pipeline.Metadata = &transaction.MetadataClient{}
	pipeline.OnError = func(tenant, id string, err error) {
		log.Error("beside the decision", zap.String("tenant", tenant), zap.String("id", id), zap.Error(err))
	}
	return nil
}

// openKV waits a little for a cluster that elects its leader.
func openKV(ctx context.Context, conn *nats.Conn, log *zap.Logger) (*store.KV, error) {
	for try := 0; ; try++ {
		kv, err := store.OpenKV(ctx, conn, log)
		if err == nil || errors.Is(err, store.ErrNoJetStream) || try == 3 || ctx.Err() != nil {
			return kv, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// sharing says whether nodes on the NATS server share what they should. Beside a
// report in JSON it speaks on standard error.
func sharing(ctx context.Context, url, creds string, asJSON bool, std stdio) error {
	conn, err := bus.Dial(ctx, bus.ConnectOptions{URL: url, Creds: creds, Name: "rulebox doctor"})
	if err != nil {
		return err
	}
	defer conn.Close()
	out := std.out
	if asJSON {
		out = std.err
	}
	_, err = store.OpenKV(ctx, conn, zap.NewNop())
	switch {
	case errors.Is(err, store.ErrNoJetStream):
		fmt.Fprintf(out, "jetstream    absent: suspended logins and caches stay with the node that has them; give the account of --nats-creds JetStream\n")
	case err != nil:
		return fmt.Errorf("%w (the credentials of --nats-creds must be a node's: it uses $JS.API.> and $KV.>)", err)
	default:
		fmt.Fprintf(out, "jetstream    present: nodes share suspended logins and caches\n")
	}
	return nil
}
