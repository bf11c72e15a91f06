package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// A child is rulebox serve.
type child struct {
	binary    string
	args, env []string

	cmd   *exec.Cmd
	ended chan struct{} // closed when it has, after err is set
	err   error
}

// start returns when the server serves. It has to be called on the thread that
// ends last: the kernel ends the server with it.
func (c *child) start() error {
	c.cmd = exec.Command(c.binary, c.args...)
	c.cmd.Env = append(os.Environ(), c.env...)
	c.cmd.Stderr = os.Stderr
	// Ctrl-C reaches this process only, which tells the server.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		return fmt.Errorf("%w (make build, in the folder of the checkout, builds it; -rulebox says where it is)", err)
	}
	serves := make(chan bool, 1)
	c.ended = make(chan struct{})
	go func() { // until the server has ended; stop waits
		defer close(c.ended)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "rulebox serves") {
				serves <- true
			}
		}
		serves <- false
		c.err = c.cmd.Wait()
	}()
	if !<-serves {
		<-c.ended
		return fmt.Errorf("rulebox serve did not start (%w); what it says is above", c.err)
	}
	return nil
}

// stop ends the server and waits for it.
func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	<-c.ended
}
