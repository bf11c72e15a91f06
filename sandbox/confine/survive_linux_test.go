package confine

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSurvive runs honest work under every layer, with the filter's default of
// death: a system call that the policy forgot ends the child.
func TestSurvive(t *testing.T) {
	needAllThreads(t)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		w.Write(b)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	plan, err := Probe(JS)
	require.NoError(t, err)
	for range 3 {
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		require.NoError(t, err)
		f, err := conn.(*net.TCPConn).File()
		require.NoError(t, err)
		got := attempt(t, plan.Layers, []*os.File{f}, "survive", base64.StdEncoding.EncodeToString(root))
		f.Close()
		conn.Close()
		require.Equal(t, "done", got)
	}
}

func workMemory([]string) error {
	var keep [64][]byte
	for began := time.Now(); time.Since(began) < 300*time.Millisecond; {
		for i := range keep {
			keep[i] = make([]byte, 1<<(8+i%12))
			keep[i][0] = byte(i)
		}
	}
	big := make([]byte, 200<<20)
	for i := 0; i < len(big); i += 4096 {
		big[i] = 1
	}
	runtime.KeepAlive(big)
	runtime.GC()
	debug.FreeOSMemory()
	debug.SetMemoryLimit(300 << 20)
	deep(100_000)
	return nil
}

// deep grows a stack to some megabytes.
func deep(n int) int {
	var pad [64]byte
	if n == 0 {
		return int(pad[0])
	}
	return deep(n-1) + int(pad[n%64])
}

func workThreads([]string) error {
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for range 16 { // each makes a thread
		wg.Go(func() {
			runtime.LockOSThread()
			<-gate
			for range 100 {
				runtime.Gosched()
			}
		}) // the thread ends with the goroutine
	}
	time.Sleep(20 * time.Millisecond)
	close(gate)
	wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			if n == 0 {
				return fmt.Errorf("no tick")
			}
			return recovered()
		case <-tick.C:
		}
	}
}

// recovered makes the runtime handle a fault of the processor.
func recovered() (err error) {
	defer func() {
		if recover() == nil {
			err = fmt.Errorf("a nil pointer went unnoticed")
		}
	}()
	var p *[4]int
	return fmt.Errorf("%d", p[1])
}

func workText([]string) error {
	in := map[string]any{"user": map[string]any{"email": "a@example.com", "roles": []any{"x", 1.5, nil}}}
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		return err
	}
	re := regexp.MustCompile(`(\w+)@(\w+\.)+com`)
	if !re.Match(bytes.Repeat(b, 200)) {
		return fmt.Errorf("no match in %s", b)
	}
	_, err = io.ReadFull(rand.Reader, make([]byte, 4096))
	return err
}

// workTLS makes an HTTPS request over the donated socket.
func workTLS(a []string) error {
	f := os.NewFile(4, "socket")
	conn, err := net.FileConn(f)
	if err != nil {
		return err
	}
	f.Close()
	root, err := base64.StdEncoding.DecodeString(a[0])
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	client := &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			DialContext:       func(context.Context, string, string) (net.Conn, error) { return conn, nil },
			TLSClientConfig:   &tls.Config{RootCAs: pool, ServerName: "example.com"},
			ForceAttemptHTTP2: true,
		},
	}
	tcp := conn.(*net.TCPConn)
	if err := tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true}); err != nil {
		return err
	}
	body := bytes.Repeat([]byte("x"), 1<<20)
	for range 5 {
		resp, err := client.Post("https://example.com/", "text/plain", bytes.NewReader(body))
		if err != nil {
			return err
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !bytes.Equal(b, body) {
			return fmt.Errorf("echo of %d bytes: %w", len(b), err)
		}
	}
	client.CloseIdleConnections()
	return nil
}

// workFiles asks for what libraries ask: they must be told no, and live.
func workFiles([]string) error {
	if _, err := os.ReadFile("/etc/passwd"); err == nil {
		return fmt.Errorf("a file could be read")
	}
	if _, err := os.Stat("/etc/ssl/certs"); err == nil {
		return fmt.Errorf("a folder could be seen")
	}
	if _, err := time.LoadLocation("Europe/Berlin"); err == nil {
		return fmt.Errorf("a time zone could be read")
	}
	if _, err := os.Hostname(); err == nil {
		return fmt.Errorf("the host's name could be read")
	}
	return nil
}

func init() {
	crimes["copy"] = func([]string) error {
		from, err := net.FileConn(os.NewFile(4, "from"))
		if err != nil {
			return err
		}
		to, err := net.FileConn(os.NewFile(5, "to"))
		if err != nil {
			return err
		}
		if _, err = io.Copy(to, from); err != nil {
			return err
		}
		return to.(*net.TCPConn).CloseWrite()
	}
}

// TestCopy copies from socket to socket, for which Go would use splice.
func TestCopy(t *testing.T) {
	needAllThreads(t)
	plan, err := Probe(JS)
	require.NoError(t, err)
	from, source := donate(t)
	to, sink := donate(t)
	want := bytes.Repeat([]byte("0123456789"), 10_000)
	go func() {
		source.Write(want)
		source.Close()
	}()
	read := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(io.LimitReader(sink, int64(len(want))))
		read <- b
	}()
	require.Equal(t, "done", attempt(t, plan.Layers, []*os.File{from, to}, "copy"))
	require.Equal(t, want, <-read)
}
