package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// A stack is what a server has started, to be taken down in reverse order, each
// part joined before the one beneath it goes.
type stack struct {
	mu     sync.Mutex // guards parts
	parts  []func()
	errs   chan error
	once   sync.Once
	result error
}

func (s *stack) failed() chan error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.errs == nil {
		s.errs = make(chan error, 16)
	}
	return s.errs
}

// start runs the part until down, or until it fails.
func (s *stack) start(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	errs := s.failed()
	go func() {
		defer close(done)
		if err := run(ctx); err != nil {
			if !strings.HasPrefix(err.Error(), name+": ") {
				err = fmt.Errorf("%s: %w", name, err)
			}
			errs <- err
		} else if ctx.Err() == nil {
			errs <- fmt.Errorf("%s ended", name)
		}
	}()
	s.push(func() { cancel(); <-done })
}

// push adds a way to take a part down.
func (s *stack) push(down func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts = append(s.parts, down)
}

// down takes everything down, once, and returns the first error that came up
// meanwhile.
func (s *stack) down() error {
	s.once.Do(func() {
		s.mu.Lock()
		parts := s.parts
		s.mu.Unlock()
		for i := len(parts) - 1; i >= 0; i-- {
			parts[i]()
		}
		select {
		case s.result = <-s.failed():
		default:
		}
	})
	return s.result
}
