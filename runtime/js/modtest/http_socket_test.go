package modtest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rulebox/rulebox/internal/testserver"
)

// asked answers with what it was asked: method, path, host, header a, body.
func asked() http.Handler {
	var running atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/hints", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
	})
	mux.HandleFunc("/trailers", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		io.WriteString(w, "body")
		w.Header().Set("X-Sum", "42")
	})
	mux.HandleFunc("/refuse", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusExpectationFailed) })
	mux.HandleFunc("/count", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Running", strconv.FormatInt(running.Add(1), 10))
		time.Sleep(20 * time.Millisecond)
		running.Add(-1)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Got-Trailer", r.Trailer.Get("X-Sum"))
		w.Header().Set("X-Got-Encoding", strings.Join(r.TransferEncoding, ","))
		a := r.Header.Get("A")
		if a != "" {
			a = "a=" + a
		}
		fmt.Fprintf(w, "%s %s %s %s %s", r.Method, r.URL, r.Host, a, body)
	})
	return mux
}

func portOf(s *httptest.Server) int { return s.Listener.Addr().(*net.TCPAddr).Port }

func TestHTTPOverSockets(t *testing.T) {
	cert := testserver.NewCertificate(t, nil)
	plain := httptest.NewServer(asked())
	defer plain.Close()
	secure := httptest.NewUnstartedServer(asked())
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{cert.Pair(t)}}
	secure.StartTLS()
	defer secure.Close()
	p := map[string]int{
		"HTTP": portOf(plain), "HTTPS": portOf(secure), "SILENT": listen(t, func(c net.Conn) { io.Copy(io.Discard, c) }),
		"PROXY": listen(t, func(c net.Conn) { tunnel(c, portOf(secure)) }),
		"UPGRADE": listen(t, func(c net.Conn) {
			in := bufio.NewReader(c)
			req, err := http.ReadRequest(in)
			if err != nil || req.Header.Get("Upgrade") != "shout" || req.Header.Get("Connection") != "Upgrade" {
				return
			}
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nfirst\n")
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				io.WriteString(c, strings.ToUpper(line))
			}
		}),
	}
	Cases(t, "testdata/http_socket.txtar", WithHost(&dialHost{roots: cert.Pool()}), constants(p), constants(map[string]string{"CA": cert.CA}))
}

// tunnel is a proxy that knows one target.
func tunnel(c net.Conn, target int) {
	in := bufio.NewReader(c)
	req, err := http.ReadRequest(in)
	if err != nil || req.Method != http.MethodConnect {
		return
	}
	if req.Host != fmt.Sprintf("localhost:%d", target) {
		io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
		return
	}
	out, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", target))
	if err != nil {
		return
	}
	defer out.Close()
	io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		io.Copy(out, in)
		out.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(c, out)
}
