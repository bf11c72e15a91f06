package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/bus"
)

func TestDoctorSaysWhatNodesShare(t *testing.T) {
	server, err := bus.StartServer(bus.ServerOptions{DataDir: t.TempDir(), Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	defer server.Close()
	plain, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true})
	require.NoError(t, err)
	plain.Start()
	defer plain.Shutdown()
	ask := func(url, creds string) (string, error) {
		var out bytes.Buffer
		err := sharing(context.Background(), url, creds, false, stdio{out: &out})
		return out.String(), err
	}
	out, err := ask(server.URL(), filepath.Join(server.DataDir(), "nats", "node.creds"))
	require.NoError(t, err)
	require.Contains(t, out, "present")
	out, err = ask(plain.ClientURL(), "")
	require.NoError(t, err)
	require.Contains(t, out, "absent")
	_, err = ask(server.URL(), filepath.Join(server.DataDir(), "nats", "operator.creds"))
	require.ErrorContains(t, err, "must be a node's")
}
