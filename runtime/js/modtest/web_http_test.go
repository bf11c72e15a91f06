package modtest

import (
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rulebox/rulebox"
)

// dialHost dials loopback itself; 10.9.8.7 stands for what a policy refuses.
type dialHost struct {
	roots *x509.CertPool
	dials atomic.Int64
}

func (h *dialHost) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	h.dials.Add(1)
	host, _, _ := net.SplitHostPort(address)
	switch host {
	case "10.9.8.7":
		return nil, rulebox.Errorf(rulebox.CodeForbidden, "10.9.8.7 is a private address").WithHint("add 10.9.8.7:80 to egress")
	case "nowhere.test":
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	case "alias.test":
		address = "127.0.0.1" + address[len(host):]
	case "never.test":
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}
func (h *dialHost) Rand() io.Reader       { return rand.Reader }
func (h *dialHost) Roots() *x509.CertPool { return h.roots }

// echo answers with what it was asked, as JSON.
func echo(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Method", r.Method)
	json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "url": r.URL.String(), "host": r.Host, "headers": r.Header, "body": string(b), "length": r.ContentLength,
	})
}

func webHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		var code int
		fmt.Sscan(r.PathValue("code"), &code)
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"statusCode":%d}`, code)
	})
	mux.HandleFunc("/redirect/{code}", func(w http.ResponseWriter, r *http.Request) {
		var code int
		fmt.Sscan(r.PathValue("code"), &code)
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(code)
		io.WriteString(w, "moved")
	})
	mux.HandleFunc("/gzip", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, `{"packed":"`+r.Header.Get("Accept-Encoding")+`"}`)
		z.Close()
	})
	mux.HandleFunc("/codings", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", strings.Repeat("gzip,", 9)+"gzip")
		io.WriteString(w, "x")
	})
	mux.HandleFunc("/deflate", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "deflate")
		z := zlib.NewWriter(w)
		io.WriteString(z, "deflated")
		z.Close()
	})
	mux.HandleFunc("/bytes/{n}", func(w http.ResponseWriter, r *http.Request) {
		var n int
		fmt.Sscan(r.PathValue("n"), &n)
		b := make([]byte, 32<<10)
		for ; n > 0; n -= len(b) {
			w.Write(b[:min(n, len(b))])
		}
	})
	mux.HandleFunc("/bomb", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		b := make([]byte, 1<<20)
		for range 64 {
			z.Write(b)
		}
		z.Close()
	})
	mux.HandleFunc("/cookies", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=1; Path=/")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Add("X-Many", "one")
		w.Header().Add("X-Many", "two")
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
		}
	})
	mux.HandleFunc("/trickle", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
		}
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "short")
	})
	mux.HandleFunc("/hangup", func(w http.ResponseWriter, r *http.Request) {
		c, _, _ := w.(http.Hijacker).Hijack()
		c.Close()
	})
	mux.HandleFunc("/garbage", func(w http.ResponseWriter, r *http.Request) {
		c, _, _ := w.(http.Hijacker).Hijack()
		io.WriteString(c, "this is not HTTP\r\n\r\n")
		c.Close()
	})
	mux.HandleFunc("/basic", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(401)
			io.WriteString(w, "none")
			return
		}
		io.WriteString(w, r.Header.Get("Authorization"))
	})
	mux.HandleFunc("/text", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "\xef\xbb\xbfhé\xff!") })
	mux.HandleFunc("/form", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		files := map[string]any{}
		for name, list := range r.MultipartForm.File {
			f, _ := list[0].Open()
			b, _ := io.ReadAll(f)
			f.Close()
			files[name] = []string{list[0].Filename, list[0].Header.Get("Content-Type"), string(b)}
		}
		json.NewEncoder(w).Encode(map[string]any{"values": r.MultipartForm.Value, "files": files})
	})
	return mux
}

// webOptions starts the servers and names them to the cases.
func webOptions(t testing.TB) (*dialHost, Option) {
	plain := httptest.NewServer(webHandler())
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(webHandler())
	t.Cleanup(secure.Close)
	selfSigned := tlsServer(t, time.Now().Add(time.Hour))
	expired := tlsServer(t, time.Now().Add(-time.Hour))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	h := &dialHost{roots: x509.NewCertPool()}
	h.roots.AddCert(secure.Certificate())
	h.roots.AddCert(expired.Certificate())
	selfSignedPEM := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: selfSigned.Certificate().Raw}))
	return h, func(r *Realm) {
		r.Call.Host = h
		r.VM.Set("BASE", plain.URL)
		r.VM.Set("SECURE", secure.URL)
		r.VM.Set("SELFSIGNED", selfSigned.URL)
		r.VM.Set("SELFSIGNED_PEM", selfSignedPEM)
		r.VM.Set("EXPIRED", expired.URL)
		r.VM.Set("PORT", plain.Listener.Addr().(*net.TCPAddr).Port)
		r.VM.Set("CLOSED", "http://"+closed.Addr().String())
	}
}

// tlsServer has a certificate of its own that ends then.
func tlsServer(t testing.TB, end time.Time) *httptest.Server {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "self"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: end.Add(-48 * time.Hour), NotAfter: end, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(webHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestHTTP(t *testing.T) {
	_, opt := webOptions(t)
	Cases(t, "testdata/web_http*.txtar", opt)
}

func TestProcess(t *testing.T) { Cases(t, "testdata/web_process.txtar") }

func TestFetch(t *testing.T) {
	_, opt := webOptions(t)
	Cases(t, "testdata/web_fetch*.txtar", opt)
}
