package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox"
)

// leftover is what scripts have in flight after their answer.
type leftover struct {
	mu   sync.Mutex // guards out
	out  io.Writer
	hide func(string) string // what nobody is to read
}

// line takes a line that was logged after the answer.
func (l *leftover) line(line rulebox.Log) {
	l.say("%s: %s: %s", line.Script, line.Level, l.hide(line.Text))
}

func (l *leftover) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.out, format+"\n", args...)
}

// patience is how long work in flight after the answer may take before the user is
// told what the command waits for.
const patience = time.Second

// wait lets it go on as it does on a node, until the scripts' time is up: requests
// that nobody awaited are sent.
func (l *leftover) wait(ctx context.Context, pool *sandbox.Pool, until time.Time) {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	told := time.AfterFunc(patience, func() {
		l.say("rulebox: the scripts have work in flight after their answer, such as a request, a timer or an open connection; it may last until %s, Ctrl-C ends it", until.Format(time.TimeOnly))
	})
	defer told.Stop()
	if pool.Settle(ctx) != nil {
		l.say("rulebox: what the scripts had in flight after their answer was ended")
	}
}
