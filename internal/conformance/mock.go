package conformance

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
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
	"math/big"
	"net"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A mock is an HTTP server on a loopback port that keeps what it was asked, as it
// came over the wire, and answers what a case says. The same port speaks TLS,
// with a certificate of its own, to those who begin so.
type mock struct {
	host string // 127.0.0.1:port
	port string
	dead string // 127.0.0.1:port where nobody listens
	pem  string // the certificate

	ln      net.Listener
	conf    *tls.Config
	answers map[int]string // by the request's number, from 1
	done    chan struct{}  // closed with the mock
	wg      sync.WaitGroup

	mu    sync.Mutex // guards all below
	came  *sync.Cond // with mu: a request came
	asked []string
	open  map[net.Conn]bool
}

// newMock starts a mock that ends with the test.
func newMock(t *testing.T, answers map[int]string) *mock {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	cert, text := certificate()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	m := &mock{host: ln.Addr().String(), port: port, dead: closed.Addr().String(), pem: text, ln: ln, answers: answers, done: make(chan struct{}), open: map[net.Conn]bool{},
		conf: &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}}
	m.came = sync.NewCond(&m.mu)
	m.wg.Add(1)
	go m.accept()
	t.Cleanup(m.close)
	return m
}

func (m *mock) close() {
	close(m.done)
	m.ln.Close()
	m.mu.Lock()
	for c := range m.open {
		c.Close()
	}
	m.mu.Unlock()
	m.wg.Wait()
}

func (m *mock) accept() {
	defer m.wg.Done()
	for {
		c, err := m.ln.Accept()
		if err != nil {
			return
		}
		m.mu.Lock()
		m.open[c] = true
		m.mu.Unlock()
		m.wg.Add(1)
		go func() {
			defer m.wg.Done()
			m.serve(c)
			c.Close()
			m.mu.Lock()
			delete(m.open, c)
			m.mu.Unlock()
		}()
	}
}

// peeked is a connection of which the first bytes were looked at.
type peeked struct {
	net.Conn
	r io.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

func (m *mock) serve(c net.Conn) {
	br := bufio.NewReader(c)
	first, err := br.Peek(1)
	if err != nil {
		return
	}
	if first[0] == 0x16 { // a TLS handshake
		c = tls.Server(peeked{c, br}, m.conf)
		br = bufio.NewReader(c)
	}
	for {
		raw, chunked, err := readRaw(br)
		if err != nil {
			return
		}
		m.mu.Lock()
		m.asked = append(m.asked, plainRequest(raw, chunked, m.host))
		n := len(m.asked)
		m.came.Broadcast()
		m.mu.Unlock()
		if !m.answer(c, n, strings.HasPrefix(raw, "HEAD ")) {
			return
		}
	}
}

// readRaw reads one request, its body decoded if it came in chunks.
func readRaw(br *bufio.Reader) (raw string, chunked bool, err error) {
	var head strings.Builder
	length := 0
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return "", false, err
		}
		head.WriteString(strings.TrimRight(line, "\r\n") + "\n")
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(line)), ":")
		switch value = strings.TrimSpace(value); {
		case name == "content-length":
			length, _ = strconv.Atoi(value)
		case name == "transfer-encoding" && value == "chunked":
			chunked = true
		case name == "expect":
			return "", false, fmt.Errorf("the mock expects nothing")
		case name == "":
			body, err := io.ReadAll(io.LimitReader(br, int64(length)))
			if chunked {
				body, err = io.ReadAll(httputil.NewChunkedReader(br))
				if err == nil {
					br.ReadString('\n') // what follows the last chunk
				}
			}
			return head.String() + string(body), chunked, err
		}
	}
}

var boundaryParam = regexp.MustCompile(`boundary="?([^";\s]+)`)

// plainRequest is the request as cases write it: header names in lower case and
// in the order of the alphabet, without what concerns the connection alone, and telemetry; the
// mock's address is MOCK, a boundary BOUNDARY.
func plainRequest(raw string, chunked bool, host string) string {
	head, body, _ := strings.Cut(raw, "\n\n")
	lines := strings.Split(head, "\n")
	var fields []string
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		name = strings.ToLower(name)
		if name == "connection" || name == "keep-alive" || name == "transfer-encoding" || name == "auth0-client" || name == "content-length" && (chunked || body == "") {
			continue
		}
		if value = strings.TrimSpace(value); name == "accept-encoding" {
			value = strings.NewReplacer("compress, ", "", ", br", "", "br, ", "").Replace(value) // we offer only what we undo
		}
		if strings.HasPrefix(value, "node.js/") {
			value = "node.js/VERSION"
		}
		fields = append(fields, name+": "+value)
	}
	length := "content-length: " + strconv.Itoa(len(body))
	if chunked && body != "" {
		fields = append(fields, length) // how a body is framed is the client's business
	}
	slices.Sort(fields)
	text := lines[0] + "\n" + strings.Join(fields, "\n") + "\n\n" + strings.ReplaceAll(body, "\r\n", "\n")
	if b := boundaryParam.FindStringSubmatch(head); b != nil {
		text = strings.ReplaceAll(text, b[1], "BOUNDARY")
		text = strings.Replace(text, length, "content-length: SIZE", 1)
	}
	return strings.TrimRight(unplaced(text, host), "\n") + "\n"
}

// unplaced is the text without the port of this run.
func unplaced(text, host string) string {
	_, port, _ := net.SplitHostPort(host)
	return strings.NewReplacer(host, "MOCK", url.QueryEscape(host), "MOCK", "localhost:"+port, "localhost:PORT").Replace(text)
}

// unordered is the request with the members of its query and of its body, JSON
// or a form, in the order of the alphabet.
func unordered(request string) string {
	head, body, _ := strings.Cut(request, "\n\n")
	line, fields, _ := strings.Cut(head, "\n")
	sorted := func(query string) string {
		parts := strings.Split(query, "&")
		slices.Sort(parts)
		return strings.Join(parts, "&")
	}
	method, rest, _ := strings.Cut(line, " ")
	if target, version, ok := strings.Cut(rest, " "); ok {
		if path, query, ok := strings.Cut(target, "?"); ok {
			line = method + " " + path + "?" + sorted(query) + " " + version
		}
	}
	body = strings.TrimSuffix(body, "\n")
	var object map[string]any
	if json.Unmarshal([]byte(body), &object) == nil {
		b, _ := json.Marshal(object) // it came from JSON
		body = string(b)
	} else if strings.Contains(fields, "x-www-form-urlencoded") {
		body = sorted(body)
	}
	return line + "\n" + fields + "\n\n" + body
}

// answer writes the answer to request n and tells whether the connection goes on.
//
// An answer is `200 OK`, header lines, an empty line and the body. Lines that
// begin with mock- are for the mock: mock-delay, mock-hangup, mock-encode (gzip,
// deflate, raw), mock-stall (the body stops half way).
func (m *mock) answer(c net.Conn, n int, isHead bool) bool {
	text, ok := m.answers[n]
	if !ok {
		text = "200 OK\ncontent-type: application/json\n\n{\"ok\":true}"
	}
	text = strings.NewReplacer("BASE", "http://"+m.host, "MOCK", m.host, "PORT", m.port).Replace(text)
	head, body, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\n\n")
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	out := []string{"HTTP/1.1 " + lines[0], "date: Thu, 01 Jan 2026 00:00:00 GMT"}
	data, stall := []byte(body), false
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		switch value = strings.TrimSpace(value); name {
		case "mock-delay":
			d, _ := time.ParseDuration(value)
			select {
			case <-time.After(d):
			case <-m.done:
				return false
			}
		case "mock-hangup":
			return false
		case "mock-encode":
			data = encoded(value, data)
		case "mock-stall":
			stall = true
		default:
			out = append(out, l)
		}
	}
	status := strings.Fields(lines[0] + " 0")[0]
	if status != "204" && status != "304" {
		out = append(out, "content-length: "+strconv.Itoa(len(data)))
	}
	if isHead || status == "204" || status == "304" {
		data = nil
	}
	if stall {
		data = data[:len(data)/2]
	}
	if _, err := io.WriteString(c, strings.Join(out, "\r\n")+"\r\n\r\n"+string(data)); err != nil {
		return false
	}
	if stall {
		<-m.done
	}
	return !stall
}

func encoded(coding string, data []byte) []byte {
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	default:
		w, _ = flate.NewWriter(&b, flate.DefaultCompression)
	}
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// wait returns what was asked, once at least n requests came.
func (m *mock) wait(t *testing.T, n int) []string {
	late := time.AfterFunc(safety, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		n = 0
		m.came.Broadcast()
	})
	defer late.Stop()
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.asked) < n {
		m.came.Wait()
	}
	return slices.Clone(m.asked)
}

// certificate is a new one for 127.0.0.1 that signs itself.
var certificate = sync.OnceValues(func() (tls.Certificate, string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // the system has no random bytes
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mock"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
})
