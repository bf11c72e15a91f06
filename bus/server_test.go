package bus

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

func startError(t *testing.T, opt ServerOptions, names ...string) {
	t.Helper()
	if opt.DataDir == "" {
		opt.DataDir = t.TempDir()
	}
	s, err := StartServer(opt)
	if err == nil {
		s.Close()
	}
	require.Error(t, err)
	for _, name := range names {
		require.ErrorContains(t, err, name)
	}
}

func TestListenErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	address := taken.Addr().String()
	startError(t, ServerOptions{Listen: address}, address, "address already in use", "--nats-listen")
	startError(t, ServerOptions{Listen: "here"}, `"here"`, "host:port")
	startError(t, ServerOptions{Listen: "127.0.0.1:70000"}, "127.0.0.1:70000", "port")
	startError(t, ServerOptions{Listen: "127.0.0.1:x"}, "port")
	for _, open := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:4222", "example.com:4222"} {
		startError(t, ServerOptions{Listen: open}, open, "TLS", "--tls-cert", "--tls-key")
	}
	startError(t, ServerOptions{Listen: "127.0.0.1:0", TLSCert: "x.pem"}, "--tls-key")
	startError(t, ServerOptions{Listen: "127.0.0.1:0", TLSCert: "/nowhere/x.pem", TLSKey: "y.pem"}, "/nowhere/x.pem")
	startError(t, ServerOptions{Listen: "127.0.0.1:0", MaxPayload: 65 << 20}, "64 MiB")
	_, err = StartServer(ServerOptions{})
	require.ErrorContains(t, err, "--data")
}

func TestDataFolderErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	startError(t, ServerOptions{Listen: "127.0.0.1:0", DataDir: file}, file, "--data")

	// Damage what a healthy server has left, one file at a time.
	for _, name := range []string{"operator.nk", "nodes.nk"} {
		for _, text := range []string{"", "garbage", "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY\n"} {
			dir := t.TempDir()
			s := startServer(t, ServerOptions{DataDir: dir})
			s.Close()
			path := filepath.Join(dir, "nats", name)
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			startError(t, ServerOptions{DataDir: dir, Listen: "127.0.0.1:0"}, path, "backup")
			_, err := CreateCreds(dir, []string{"acme"}, "shop")
			require.ErrorContains(t, err, path)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, text, string(after), "what is left of a key is not overwritten")
		}
	}
	dir = t.TempDir()
	s := startServer(t, ServerOptions{DataDir: dir})
	require.NoError(t, os.WriteFile(s.l.nodeCreds(), []byte("x"), 0o600))
	_, err := s.Conn()
	require.ErrorContains(t, err, s.l.nodeCreds())
	accounts, err := filepath.Glob(s.l.account("*"))
	require.NoError(t, err)
	require.Len(t, accounts, 1)
	require.NoError(t, os.WriteFile(accounts[0], []byte("x"), 0o600))
	_, err = CreateCreds(dir, []string{"acme"}, "shop")
	require.ErrorContains(t, err, accounts[0])
	require.ErrorContains(t, err, "damaged")
}

func TestOneServerPerFolder(t *testing.T) {
	s := startServer(t, ServerOptions{})
	startError(t, ServerOptions{DataDir: string(s.l), Listen: "127.0.0.1:0"}, string(s.l), "another server")
	conn, err := s.Conn()
	require.NoError(t, err, "the first goes on")
	conn.Close()
	s.Close()
	next := startServer(t, ServerOptions{DataDir: string(s.l)})
	s.Close()
	require.FileExists(t, next.l.url(), "closing the first again leaves the second alone")
}

// A disk without room is played by a limit on the size of files, in a process of
// its own.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv("BUS_TEST_FULL_DISK"); dir != "" {
		signal.Ignore(syscall.SIGXFSZ)
		none := syscall.Rlimit{Cur: 0, Max: 0}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &none); err != nil {
			t.Skip(err)
		}
		_, err := StartServer(ServerOptions{DataDir: dir, Listen: "127.0.0.1:0"})
		os.Stdout.WriteString("the error: " + err.Error() + "\n")
		return
	}
	dir := t.TempDir()
	run := func() string {
		cmd := exec.CommandContext(testContext(t), os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), "BUS_TEST_FULL_DISK="+dir)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		_, text, ok := strings.Cut(string(out), "the error: ")
		require.True(t, ok, "%s", out)
		return text
	}
	require.Contains(t, run(), filepath.Join(dir, "nats", "operator.nk")+": ")
	left, err := filepath.Glob(filepath.Join(dir, "nats", "*.nk"))
	require.NoError(t, err)
	require.Empty(t, left, "no half a key is left behind")

	// The same once the keys are there.
	s := startServer(t, ServerOptions{DataDir: dir})
	s.Close()
	require.Contains(t, run(), filepath.Join(dir, "nats"))
	startServer(t, ServerOptions{DataDir: dir})
}

// What JetStream has acknowledged and the keys outlive the server.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	s := startServer(t, ServerOptions{DataDir: dir})
	node, err := s.Conn()
	require.NoError(t, err)
	js, err := jetstream.New(node)
	require.NoError(t, err)
	kv, err := js.CreateKeyValue(testContext(t), jetstream.KeyValueConfig{Bucket: "b"})
	require.NoError(t, err)
	_, err = kv.PutString(testContext(t), "k", "v")
	require.NoError(t, err)
	creds, err := CreateCreds(dir, []string{"acme"}, "shop")
	require.NoError(t, err)
	node.Close()
	s.Close()
	require.NoFileExists(t, s.l.url())

	s = startServer(t, ServerOptions{DataDir: dir})
	node, err = s.Conn()
	require.NoError(t, err)
	defer node.Close()
	js, err = jetstream.New(node)
	require.NoError(t, err)
	kv, err = js.KeyValue(testContext(t), "b")
	require.NoError(t, err)
	value, err := kv.Get(testContext(t), "k")
	require.NoError(t, err)
	require.Equal(t, "v", string(value.Value()))
	startNode(t, s, ServeOptions{Handler: handlerFunc(echo)})
	client, err := Connect(testContext(t), ConnectOptions{URL: s.URL(), Creds: creds})
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Login(testContext(t), "acme", struct{}{}, struct{}{})
	require.NoError(t, err)
}

func TestCreds(t *testing.T) {
	dir := t.TempDir()
	_, err := CreateCreds(dir, []string{"beta", "acme", "beta"}, "shop")
	require.NoError(t, err, "without a server, on a new folder")
	for _, c := range []struct {
		tenants     []string
		name, names string
	}{
		{nil, "x", "--tenant"},
		{[]string{"a.b"}, "x", `tenant "a.b"`},
		{[]string{">"}, "x", `tenant ">"`},
		{[]string{"acme"}, "../x", `credential name "../x"`},
		{[]string{"acme"}, "operator", "taken"},
		{[]string{"acme"}, "node", "taken"},
		{[]string{"acme"}, "shop", `already`},
	} {
		_, err := CreateCreds(dir, c.tenants, c.name)
		require.ErrorContains(t, err, c.names)
	}
	list, err := ListCreds(dir)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, []string{"acme", "beta"}, list[0].Tenants)
	require.ErrorContains(t, RevokeCreds(dir, "nobody"), `"nobody"`)
}

func TestRevoke(t *testing.T) {
	s := startServer(t, ServerOptions{})
	startNode(t, s, ServeOptions{Handler: handlerFunc(echo)})
	path, err := CreateCreds(string(s.l), []string{"acme"}, "shop")
	require.NoError(t, err)
	stolen := filepath.Join(t.TempDir(), "stolen.creds")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(stolen, text, 0o600))
	closed := make(chan struct{})
	conn, err := nats.Connect(s.URL(), nats.UserCredentials(stolen), nats.NoReconnect(), nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	require.NoError(t, err)
	defer conn.Close()
	other := connectAs(t, s, "other", "acme")

	require.NoError(t, RevokeCreds(string(s.l), "shop"))
	require.NoFileExists(t, path)
	select {
	case <-closed:
	case <-time.After(safety):
		t.Fatal("the connection stays open")
	}
	_, err = Connect(testContext(t), ConnectOptions{URL: s.URL(), Creds: stolen})
	require.ErrorIs(t, err, nats.ErrAuthorization)
	_, err = other.Login(testContext(t), "acme", struct{}{}, struct{}{})
	require.NoError(t, err, "others of the tenant go on")

	// The name is free again; the old secret stays dead, after a restart too.
	client := connectAs(t, s, "shop", "acme")
	_, err = client.Login(testContext(t), "acme", struct{}{}, struct{}{})
	require.NoError(t, err)
	s.Close()
	s = startServer(t, ServerOptions{DataDir: string(s.l)})
	_, err = Connect(testContext(t), ConnectOptions{URL: s.URL(), Creds: stolen})
	require.ErrorIs(t, err, nats.ErrAuthorization)
	list, err := ListCreds(string(s.l))
	require.NoError(t, err)
	var revoked int
	for _, c := range list {
		if c.Revoked {
			revoked++
			require.Equal(t, "shop", c.Name)
		}
	}
	require.Equal(t, 1, revoked)
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rulebox test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), 0o600))

	s := startServer(t, ServerOptions{Listen: "0.0.0.0:0", TLSCert: certFile, TLSKey: keyFile})
	startNode(t, s, ServeOptions{Handler: handlerFunc(echo)})
	creds, err := CreateCreds(string(s.l), []string{"acme"}, "shop")
	require.NoError(t, err)
	url := s.URL()
	require.Regexp(t, `^tls://127\.0\.0\.1:[0-9]+$`, url)
	client, err := Connect(testContext(t), ConnectOptions{URL: url, Creds: creds, CA: certFile})
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Login(testContext(t), "acme", struct{}{}, struct{}{})
	require.NoError(t, err)
	_, err = Connect(testContext(t), ConnectOptions{URL: url, Creds: creds})
	require.Error(t, err, "a certificate that nobody vouches for")
	require.ErrorContains(t, err, url)
	// Without TLS nothing is said: the client asks for plain text.
	raw, err := net.Dial("tcp", strings.TrimPrefix(url, "tls://"))
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.Write([]byte("CONNECT {\"verbose\":true}\r\nPING\r\n"))
	require.NoError(t, err)
	require.NoError(t, raw.SetDeadline(time.Now().Add(safety)))
	said, err := io.ReadAll(raw)
	require.NotContains(t, string(said), "PONG")
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}
