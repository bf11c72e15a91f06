package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonterms"
	"github.com/rulebox/rulebox/internal/pattern"
	tryout "github.com/rulebox/rulebox/internal/unsaved"
	"github.com/rulebox/rulebox/store"
	"github.com/rulebox/rulebox/transaction"
)

// parts reads what the scripts are given.
func (f *runFlags) parts(read func(string) ([]byte, error)) (p tryout.Parts, err error) {
	p.State = f.state
	for _, m := range []struct {
		flag, file string
		open       byte
		to         *json.RawMessage
	}{{"--user", f.user, '{', &p.User}, {"--context", f.context, '{', &p.Context}, {"--event", f.event, '{', &p.Event}, {"--args", f.args, '[', &p.Args}} {
		if m.file == "" {
			continue
		}
		text, err := read(m.file)
		if err != nil {
			return p, fmt.Errorf("%s: %w", m.flag, err)
		}
		if *m.to, err = jsonText(m.flag, m.file, text, m.open); err != nil {
			return p, err
		}
		if f.texts == nil {
			f.texts = map[string]inputFile{}
		}
		f.texts[strings.TrimPrefix(m.flag, "--")] = inputFile{m.flag + " " + m.file, text}
	}
	return p, nil
}

// An inputFile is what a member of the input was read from.
type inputFile struct {
	name string // the flag and the file
	text []byte
}

// jsonText returns the text of a file that must hold one JSON object or array.
func jsonText(flag, file string, text []byte, open byte) (json.RawMessage, error) {
	what, v := "object", any(&map[string]json.RawMessage{})
	if open == '[' {
		what, v = "array", &[]json.RawMessage{}
	}
	err := json.Unmarshal(text, v)
	trimmed := strings.TrimSpace(string(text))
	if err == nil && trimmed[0] != open {
		err = errors.New("it is null")
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: it must be a JSON %s: %w", flag, file, what, jsonterms.Explain(text, err))
	}
	return json.RawMessage(trimmed), nil
}

// binding reads what actions, hooks and modules of theirs are granted.
func (f *runFlags) binding(read func(string) ([]byte, error)) (b rulebox.Binding, err error) {
	b.Handler = f.handler
	if b.Secrets, err = pairs("--secret", f.secrets); err != nil {
		return b, err
	}
	for _, d := range f.dependencies {
		at := strings.LastIndexByte(d, '@')
		if at < 1 || at == len(d)-1 { // @scope/name has no version either
			return b, fmt.Errorf("--dependency %q: it must be NAME@VERSION, such as axios@1.6.0", d)
		}
		if b.Dependencies == nil {
			b.Dependencies = map[string]string{}
		}
		b.Dependencies[d[:at]] = d[at+1:]
	}
	for _, m := range f.modules {
		name, file, ok := strings.Cut(m, "=")
		name = strings.TrimPrefix(name, "actions:")
		if !ok || name == "" || file == "" {
			return b, fmt.Errorf("--module %q: it must be NAME=FILE", m)
		}
		source, err := read(file)
		if err != nil {
			return b, fmt.Errorf("--module %s: %w", m, err)
		}
		b.Modules = append(b.Modules, rulebox.ActionModule{Name: name, Script: rulebox.NewScript(rulebox.KindModule, name, string(source))})
	}
	return b, nil
}

func pairs(flag string, list []string) (map[string]string, error) {
	var m map[string]string
	for _, kv := range list {
		key, value, ok := strings.Cut(kv, "=")
		if !ok || key == "" {
			// It may be a secret: it is not repeated.
			return nil, fmt.Errorf("%s: it must be NAME=VALUE", flag)
		}
		if m == nil {
			m = map[string]string{}
		}
		m[key] = value
	}
	return m, nil
}

// cached is what api.cache holds at the start.
func (f *runFlags) cached(now time.Time) (entries []rulebox.CacheEntry, err error) {
	for _, kv := range f.cache {
		key, value, ok := strings.Cut(kv, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("--cache %q: it must be KEY=VALUE", kv)
		}
		entries = append(entries, rulebox.CacheEntry{Key: key, Value: value, ExpiresAt: now.Add(15 * time.Minute).UnixMilli()})
	}
	return entries, nil
}

var (
	settingWords = pattern.New(`^(kind|trigger)\b`)
	offsets      = pattern.New(`, at byte \d+,?`)
)

// inFlagTerms returns an error that names members of a try with the names that
// flags have.
func (f *runFlags) inFlagTerms(err error) error {
	var in *tryout.PartError
	if !errors.As(err, &in) {
		return inFlags(err)
	}
	file, ok := f.texts[in.Part]
	if !ok {
		return inFlags(err)
	}
	lead := len(file.text) - len(bytes.TrimLeft(file.text, " \t\r\n"))
	return fmt.Errorf("%s: %s: %w", file.name, jsonterms.At(file.text, int64(lead+in.Offset)), inFlags(in.Err))
}

func inFlags(err error) error {
	var e *rulebox.Error
	if !errors.As(err, &e) {
		return errors.New(settingWords().ReplaceAllString(err.Error(), "--$1"))
	}
	text := offsets().ReplaceAllString(e.Message, "")
	if strings.HasPrefix(text, "there is no trigger") && e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return errors.New(text)
}

// suspensions are where chains wait for --state. They are files, for the process
// that goes on is another one.
func (f *runFlags) suspensions(chain *rulebox.Chain) (*transaction.Suspensions, error) {
	suspends := false
	for _, s := range chain.Scripts {
		suspends = suspends || s.Kind == rulebox.KindAction
	}
	if !suspends {
		return nil, nil
	}
	dir := f.states
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, nil // as good as none: the pipeline keeps them in this process
		}
		dir = filepath.Join(cache, "rulebox", "suspended")
	}
	err := os.MkdirAll(dir, 0o700)
	var key []byte
	if err == nil {
		key, err = store.StateKey(filepath.Join(dir, "key"))
	}
	if err != nil {
		if f.states == "" && f.state == "" {
			return nil, nil
		}
		return nil, fmt.Errorf("the folder of what is suspended: %w; name another with --states", err)
	}
	return transaction.NewSuspensions(stateFiles(dir), key)
}
