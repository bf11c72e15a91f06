package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/bus"
)

// certificate writes a certificate for 127.0.0.1 that is its own authority.
func certificate(t *testing.T) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rulebox test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return cert, key
}

// With a certificate both doors speak TLS and nothing else, also beyond loopback.
func TestTLS(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	n := serveNode(t, decisions, "--tls-cert", cert, "--tls-key", key, "--listen", "0.0.0.0:0", "--nats-listen", "0.0.0.0:0")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(n.http, "http://"))
	require.NoError(t, err)
	authority, err := os.ReadFile(cert)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(authority))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	res, err := client.Get("https://127.0.0.1:" + port + "/readyz")
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, 200, res.StatusCode)
	plain, err := http.Get("http://127.0.0.1:" + port + "/livez")
	require.NoError(t, err)
	defer plain.Body.Close()
	require.Equal(t, 400, plain.StatusCode, "plain text is refused")
	_, err = http.Get("https://127.0.0.1:" + port + "/livez")
	require.ErrorContains(t, err, "certificate")
	require.Eventually(t, func() bool { return logged(n, `"http".*TLS handshake error`) }, safety, 2*time.Millisecond)

	ctx := testContext(t)
	sdk, err := bus.Connect(ctx, bus.ConnectOptions{DataDir: n.data, CA: cert})
	require.NoError(t, err)
	defer sdk.Close()
	_, err = sdk.Login(ctx, "acme", struct{}{}, json.RawMessage(`{"idToken":{}}`))
	require.NoError(t, err)
	_, err = bus.Connect(ctx, bus.ConnectOptions{DataDir: n.data})
	require.ErrorContains(t, err, "certificate", "an unknown authority is not trusted")

	bad := newNode(t, decisions)
	bad.launch("--tls-cert", key, "--tls-key", cert)
	require.Equal(t, 1, bad.wait())
	require.Contains(t, bad.stderr.String(), key)
	bad.launch("--nats-listen", "0.0.0.0:0")
	require.Equal(t, 1, bad.wait())
	require.Contains(t, bad.stderr.String(), "--tls-cert")
}

// A private address is reached where a flag or the tenant says so, and through
// the proxy that a network has.
func TestEgressFlags(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "the service") }))
	defer service.Close()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "over TLS") }))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // a handshake is meant to fail
	secure.StartTLS()
	defer secure.Close()
	var asked string // by one request, before its answer
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			http.Error(w, "not for plain HTTP", http.StatusForbidden)
			return
		}
		asked = r.URL.String()
		io.WriteString(w, "by the proxy")
	}))
	defer proxy.Close()
	dir := t.TempDir()
	rule, ca := filepath.Join(dir, "fetch.js"), filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(rule, []byte(`async function (user, context, callback) {
		context.got = await (await fetch(configuration.URL)).text();
		callback(null, user, context); }`), 0o644))
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o644))
	address := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	for _, tc := range []struct {
		name, url string
		flags     []string
		got, says string
	}{
		{"closed", service.URL, nil, "", "--egress-allow " + address(service)},
		{"open", service.URL, []string{"--egress-allow", address(service)}, "the service", ""},
		{"open as a network", service.URL, []string{"--egress-allow", "127.0.0.0/8"}, "the service", ""},
		{"another is open", service.URL, []string{"--egress-allow", "127.0.0.1:1,10.0.0.0/8"}, "", "not allowed"},
		{"unknown authority", secure.URL, []string{"--egress-allow", address(secure)}, "", "certificate"},
		{"known authority", secure.URL, []string{"--egress-allow", address(secure), "--egress-ca", ca}, "over TLS", ""},
		{"proxy", "http://public.example/path", []string{"--egress-proxy", proxy.URL}, "by the proxy", ""},
	} {
		code, out, errs := runCommand(t, append([]string{"run", "--config", "URL=" + tc.url, rule}, tc.flags...)...)
		require.Empty(t, errs, tc.name)
		got, _ := at(out, ".context.got")
		require.Equal(t, tc.got, got, "%s: %s", tc.name, out)
		if tc.says != "" {
			require.Equal(t, exitFault, code, tc.name)
			require.Contains(t, out, tc.says, tc.name)
		}
	}
	require.Equal(t, "http://public.example/path", asked)
}

// An ordinary user has what such a user can have, and is told what is missing.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("the tests run as an ordinary user already")
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "rulebox-user") // the test's own folders are root's
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	exe, err := os.Executable()
	require.NoError(t, err)
	binary := filepath.Join(dir, "rulebox")
	text, err := os.ReadFile(exe)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary, text, 0o755))
	writeFiles(t, dir, "-- ok.js --\nfunction (user, context, callback) { context.ok = 1; callback(null, user, context); }\n-- loop.js --\nfunction (u, c, cb) { for (;;) {} }\n")

	as := func(args ...string) (code int, stdout, stderr string) {
		cmd := process(t, args...)
		cmd.Path, cmd.Dir = binary, dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		_ = cmd.Run() // the code is looked at
		require.NotNil(t, cmd.ProcessState)
		return cmd.ProcessState.ExitCode(), out.String(), errs.String()
	}
	_, root, _ := runCommand(t, "doctor")
	code, out, errs := as("doctor")
	require.Zero(t, code, errs)
	require.Contains(t, out, "uid 65534")
	require.Regexp(t, `(?m)^uid is missing: .*\n  what to do: start the node as root`, out)
	require.NotRegexp(t, `(?m)^uid is missing`, root, "root has it")
	if code, _, why := as("doctor", "--require", "strong"); code != exitOK {
		code, _, errs = as("run", "ok.js")
		require.Equal(t, exitFailed, code, "without user namespaces nothing starts unless told to")
		require.Contains(t, errs, "--accept-weak-isolation", why)
		return
	}
	code, out, errs = as("run", "ok.js")
	require.Equal(t, exitOK, code, errs)
	require.Contains(t, out, `"ok":1`)
	code, out, _ = as("run", "--timeout", "300ms", "loop.js")
	require.Equal(t, exitFault, code)
	require.Contains(t, out, `"code":"timeout"`)
	code, _, errs = as("run", "--isolation", "full", "ok.js")
	if strings.Contains(errs, "is required") {
		require.Equal(t, exitFailed, code)
		require.Contains(t, errs, "--accept-weak-isolation")
		code, _, errs = as("run", "--isolation", "full", "--accept-weak-isolation", "ok.js")
	}
	require.Equal(t, exitOK, code, errs)
}
