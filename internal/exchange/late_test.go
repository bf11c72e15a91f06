//go:build !race

package exchange

import (
	"bufio"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/runtime"
)

// What a script wrote before its answer and after it is sent; a socket that it
// forgot is closed long before the time limit.
func TestSocketsAfterTheAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	lines := make(chan string, 10)
	var wait sync.WaitGroup
	wait.Go(func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewScanner(c)
		for in.Scan() {
			lines <- in.Text()
			fmt.Fprintln(c, "ok")
		}
		lines <- "closed"
	})
	defer wait.Wait()
	defer l.Close()
	runner := runtime.NewRunner(runtime.Options{Host: directHost{}})
	defer runner.Close()
	begin := time.Now()
	_, err = exchange{configuration: map[string]string{"ADDR": l.Addr().String()}, body: `
		const [host, port] = configuration.ADDR.split(':');
		const s = require('net').connect(port, host);
		await new Promise((ok) => s.on('connect', ok));
		s.write('before\n');
		s.once('data', () => { setTimeout(() => s.write('after\n'), 50); });`}.run(t, runner)
	require.NoError(t, err)
	for _, want := range []string{"before", "after", "closed"} {
		select {
		case got := <-lines:
			assert.Equal(t, want, got)
		case <-time.After(wall):
			t.Fatal("not " + want)
		}
	}
	assert.Less(t, time.Since(begin), wall/2, "closed before the time limit")
	require.Eventually(t, func() bool { return runner.Late() == 0 }, wall/2, 10*time.Millisecond, "the realm is gone")
}
