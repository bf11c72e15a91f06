package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/rulebox/rulebox/bus"
)

// A candidate answers logins over NATS.
type candidate struct {
	name string
	cmd  *exec.Cmd
	conn *nats.Conn
	// subject returns where the rules' logins go.
	subject func(rules string) string
	http    string // address of its HTTP server, if any
	data    string
}

func (c *candidate) close() {
	if c.conn != nil {
		c.conn.Close()
	}
	if c.cmd != nil {
		_ = c.cmd.Process.Signal(syscall.SIGTERM) // ended already is as good
		_ = c.cmd.Wait()
	}
}

// start runs the command and returns the first line that begins with the prefix.
func start(cmd *exec.Cmd, prefix string) (string, error) {
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), prefix) {
			go func() { // keeps the pipe empty; ends with the process
				for lines.Scan() {
				}
			}()
			return lines.Text(), nil
		}
	}
	_ = cmd.Wait()
	return "", fmt.Errorf("%s ended before it was ready", cmd.Path)
}

// startEcho starts the floor: a NATS server and a responder that sends back what
// it got, in one process (embedded) or two (own).
func startEcho(ctx context.Context, kind string) (*candidate, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, "echo", kind)
	line, err := start(cmd, "nats://")
	if err != nil {
		return nil, err
	}
	conn, err := nats.Connect(line)
	if err != nil {
		return nil, err
	}
	return &candidate{name: map[string]string{"embedded": "NATS echo, embedded", "own": "NATS echo"}[kind], cmd: cmd, conn: conn, subject: func(string) string { return "echo" }}, nil
}

// echoMain is the child of startEcho.
func echoMain(args []string) {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
	if len(args) == 2 { // the responder of "own"
		conn, err := nats.Connect(args[1])
		if err != nil {
			fail(err)
		}
		respond(conn, fail)
		select {}
	}
	ns, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true, MaxPayload: 4 << 20})
	if err != nil {
		fail(err)
	}
	ns.Start()
	if !ns.ReadyForConnections(10 * time.Second) {
		fail(errors.New("the NATS server did not start"))
	}
	if args[0] == "embedded" {
		conn, err := nats.Connect("", nats.InProcessServer(ns))
		if err != nil {
			fail(err)
		}
		respond(conn, fail)
	} else {
		exe, err := os.Executable()
		if err != nil {
			fail(err)
		}
		child := exec.Command(exe, "echo", "own", ns.ClientURL())
		child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if _, err := start(child, "responding"); err != nil {
			fail(err)
		}
	}
	fmt.Println(ns.ClientURL())
	select {}
}

func respond(conn *nats.Conn, fail func(error)) {
	if _, err := conn.Subscribe("echo", func(m *nats.Msg) { _ = m.Respond(m.Data) }); err != nil {
		fail(err)
	}
	if err := conn.Flush(); err != nil {
		fail(err)
	}
	fmt.Println("responding")
}

// startRulebox starts the server on a folder of tenants below the bench's.
func (b *bench) startRulebox(ctx context.Context, tenants string, flags ...string) (*candidate, error) {
	return b.startBinary(ctx, b.binary, tenants, flags...)
}

func (b *bench) startBinary(ctx context.Context, binary, tenants string, flags ...string) (*candidate, error) {
	data := filepath.Join(b.dir, "data-"+tenants)
	c := &candidate{name: "Rulebox", data: data, subject: func(rules string) string { return "rulebox.v1." + rules + ".login" }}
	natsAddr, httpAddr := freeAddr(), freeAddr()
	log, err := os.Create(filepath.Join(b.dir, tenants+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c.cmd = exec.Command(binary, append([]string{"serve", "--tenants", filepath.Join(b.dir, tenants), "--data", data,
		"--listen", httpAddr, "--nats-listen", natsAddr, "--egress-allow", b.web.addr}, flags...)...)
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.cmd.Stderr = log
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "rulebox serves") {
			c.http = httpAddr
			c.conn, err = bus.Dial(ctx, bus.ConnectOptions{DataDir: data})
			return c, err
		}
	}
	text, _ := os.ReadFile(log.Name())
	return nil, fmt.Errorf("rulebox did not start: %s", text)
}

// startRival starts the node program of internal/bench/rival on the NATS server
// of the own echo.
func (b *bench) startRival(ctx context.Context) (*candidate, error) {
	if _, err := os.Stat("internal/bench/rival/node_modules"); err != nil {
		return nil, err
	}
	cmd := exec.Command("node", "rival.mjs", b.own.conn.ConnectedUrl(), filepath.Join(b.dir, "tenants"), b.web.addr)
	cmd.Dir = "internal/bench/rival"
	if _, err := start(cmd, "ready"); err != nil {
		return nil, err
	}
	return &candidate{name: "isolated-vm", cmd: cmd, conn: b.own.conn, subject: func(rules string) string { return "rival." + rules }}, nil
}

func freeAddr() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// web answers after 5 ms, as a risk service would.
type web struct {
	addr   string
	server *http.Server
}

func startWeb() (*web, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &web{addr: l.Addr().String(), server: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(5 * time.Millisecond)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"score":17}`)
	})}}
	go w.server.Serve(l) //nolint:errcheck // ends with close
	return w, nil
}

func (w *web) close() { w.server.Close() }

func machine() string {
	host, _ := os.ReadFile("/proc/cpuinfo")
	n := strings.Count(string(host), "processor\t:")
	return fmt.Sprintf("%d processors", n)
}
