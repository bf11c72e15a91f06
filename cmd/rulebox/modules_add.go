package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/npm"
	"github.com/rulebox/rulebox/modules"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/store"
)

// An adder adds one package.
type adder struct {
	data, registry, integrity string
	tarballs                  []string
	parts, missing            []string
	browser, ignoreScripts    bool
	jail                      jailFlags
	std                       stdio

	// fetched are names of the table that are taken from npm all the same: the
	// package uses files of theirs that the table has not.
	fetched map[string]bool
}

func modulesAdd(ctx context.Context, flags *pflag.FlagSet, args []string, std stdio) int {
	a := &adder{std: std, fetched: map[string]bool{}}
	flags.StringVar(&a.data, "data", defaultData, "the server's data `folder`; made if missing")
	flags.StringVar(&a.registry, "registry", "", "the npm registry's `URL` (default: npm's own configuration)")
	flags.StringArrayVar(&a.tarballs, "tarball", nil, "take the package from this .tgz `file`; given again, what it needs; no network then")
	flags.StringVar(&a.integrity, "integrity", "", "the integrity that the tarball must have, `sha512-…`")
	flags.StringArrayVar(&a.parts, "part", nil, "a `path` in the package that scripts require beside its main file; may be repeated")
	flags.StringSliceVar(&a.missing, "missing", nil, "let it require this `built-in` that is not here, such as fs: what it calls there fails when it is called; may be repeated")
	flags.BoolVar(&a.browser, "browser", false, "take what the package has for browsers where that differs")
	flags.BoolVar(&a.ignoreScripts, "ignore-scripts", false, "add it although it has install scripts, which are not run")
	a.jail.add(flags)
	if code, done := parse(flags, args, std); done {
		return code
	}
	if flags.NArg() > 1 || flags.NArg() == 0 && len(a.tarballs) == 0 {
		return misused(std, "it is `rulebox modules add NAME@VERSION`, or `rulebox modules add --tarball FILE`")
	}
	lock, err := a.add(ctx, flags.Arg(0))
	if err != nil {
		return fails(std, err)
	}
	for _, note := range lock.Notes {
		fmt.Fprintln(std.err, "rulebox: note:", printable(note))
	}
	fmt.Fprintf(std.out, "added %s: %s, %d KiB of %s, licence %s; loads in %.1f ms, %.1f ms when compiled\n", lock.ID(),
		count(len(lock.Parts), "npm package"), (lock.Size+1023)>>10, count(lock.Files, "file"), orDash(lock.License), lock.Cold, lock.Warm)
	fmt.Fprintf(std.out, "scripts load it with require('%s'); where the table or another version has the name too, with require('%s')\n", lock.Name, lock.ID())
	return exitOK
}

func (a *adder) add(ctx context.Context, text string) (*store.PackageLock, error) {
	packages := store.OpenPackages(a.data)
	if err := packages.Load(); err != nil {
		return nil, err
	}
	source, root, err := a.root(ctx, text)
	if err != nil {
		return nil, err
	}
	if err := unclaimed(root.Manifest); err != nil {
		return nil, err
	}
	var lock *store.PackageLock
	err = withPool(ctx, &a.jail, func(pool *sandbox.Pool) error {
		tree, out, err := a.pack(ctx, pool, source, root)
		if err != nil {
			return err
		}
		lock = a.lock(tree, out)
		script := rulebox.NewScript(rulebox.KindPackage, lock.ID(), out.Source)
		m, err := measureModule(ctx, pool, lock.ID(), []rulebox.Package{{Name: lock.Name, Version: lock.Version, Script: script}})
		if err != nil {
			return fmt.Errorf("%s does not load: %w%s", lock.ID(), err, where(err))
		}
		lock.Cold, lock.Warm = m.cold, m.warm
		return packages.Put(*lock, out.Source)
	})
	return lock, err
}

// root finds the package that is meant, and where what it needs comes from.
func (a *adder) root(ctx context.Context, text string) (npm.Source, *npm.Archive, error) {
	spec, err := npm.ParseSpec(text)
	if text != "" && err != nil {
		return nil, nil, err
	}
	if len(a.tarballs) > 0 {
		return a.offline(spec)
	}
	if a.integrity != "" {
		return nil, nil, errors.New("--integrity is for --tarball; a registry says itself what its tarballs are")
	}
	config, err := npm.ReadConfig()
	if err == nil && a.registry != "" {
		err = config.SetRegistry(a.registry)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := unclaimed(&npm.Manifest{Name: spec.Name}); err != nil {
		return nil, nil, err
	}
	config.AskNPM(ctx)
	if config.Plain(spec.Name) {
		fmt.Fprintln(a.std.err, "rulebox: note: the registry speaks plain HTTP: whoever sits in between can change a package with its integrity")
	}
	registry := npm.NewRegistry(config)
	m, err := registry.Find(ctx, spec)
	if err != nil {
		return nil, nil, err
	}
	if err := unclaimed(m); err != nil {
		return nil, nil, err
	}
	if err := a.check(m, nil); err != nil {
		return nil, nil, err
	}
	archive, err := registry.Fetch(ctx, m)
	return registry, archive, err
}

// offline reads the tarballs; the first is the package.
func (a *adder) offline(spec npm.Spec) (npm.Source, *npm.Archive, error) {
	var list npm.Archives
	for _, file := range a.tarballs {
		info, err := os.Stat(file)
		if err != nil {
			return nil, nil, err
		}
		if info.Size() > npm.MaxTarball || !info.Mode().IsRegular() {
			return nil, nil, fmt.Errorf("%s: it must be a file of at most %d MiB", file, npm.MaxTarball>>20)
		}
		tgz, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		if a.integrity != "" && len(list) == 0 {
			if err := (npm.Dist{Integrity: a.integrity}).Verify(tgz); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", file, err)
			}
		}
		archive, err := npm.Unpack(tgz)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, archive)
	}
	root := list[0]
	if spec.Name != "" && (spec.Name != root.Name || !spec.Allows(root.Version)) {
		return nil, nil, fmt.Errorf("%s holds %s, not %s", a.tarballs[0], root.ID(), spec)
	}
	return list, root, nil
}

// unclaimed refuses names that mean something else already.
func unclaimed(m *npm.Manifest) error {
	if _, ok := modules.Lookup("node:" + m.Name); ok {
		return fmt.Errorf("%s is the name of a built-in of Node.js: scripts would not find the package; nothing was added", m.Name)
	}
	if v := sameGeneration(m.Name, m.Version); m.Version != "" && v != "" {
		return fmt.Errorf("the table has %s %s, which serves scripts that ask for %s; nothing was added", m.Name, v, m.ID())
	}
	return nil
}

// check refuses what cannot work here.
func (a *adder) check(m *npm.Manifest, files map[string][]byte) error {
	if why := m.Native(files); why != "" {
		return fmt.Errorf("%s cannot be added: %s; only pure JavaScript runs in the jail", m.ID(), why)
	}
	if scripts := m.InstallScripts(); scripts != "" && !a.ignoreScripts {
		return fmt.Errorf("%s cannot be added: it needs an install script (%s), and none is run; if its code works without, give --ignore-scripts", m.ID(), scripts)
	}
	return nil
}

// maxRounds bounds how often packages are fetched that the table was to provide.
const maxRounds = 8

// pack resolves what the package needs and puts it together.
func (a *adder) pack(ctx context.Context, pool *sandbox.Pool, source npm.Source, root *npm.Archive) (*npm.Tree, *sandbox.PackOutput, error) {
	for range maxRounds {
		resolver := &npm.Resolver{Source: source, Provided: a.provided, Check: a.check}
		tree, err := resolver.Resolve(ctx, root)
		if err != nil {
			return nil, nil, err
		}
		in := &sandbox.PackInput{Parts: a.parts, Missing: a.missing, Browser: a.browser}
		for _, n := range tree.Packages {
			in.Packages = append(in.Packages, sandbox.PackPackage{Name: n.Name, Version: n.Version, Files: n.Files, Needs: n.Needs, Provided: n.Provided})
		}
		out, err := pool.Pack(ctx, in)
		if err == nil {
			return tree, out, nil
		}
		if !a.fetch(err) {
			return nil, nil, a.explain(root, err)
		}
	}
	return nil, nil, fmt.Errorf("%s cannot be put together: what it needs keeps changing", root.ID())
}

// provided is the version of the table for what a package needs.
func (a *adder) provided(s npm.Spec) string {
	if a.fetched[s.Name] {
		return ""
	}
	for _, v := range slices.Backward(modules.Versions(s.Name)) {
		if m, ok := modules.Lookup(s.Name + "@" + v); ok && m.Retired == "" && s.Range != "" && s.Allows(v) {
			return v
		}
	}
	return ""
}

// fetch notes what must be fetched although the table has it; false if that is
// not what is wrong.
func (a *adder) fetch(err error) bool {
	var e *sandbox.PackError
	if !errors.As(err, &e) {
		return false
	}
	found := false
	for _, p := range e.Problems {
		if p.TablePart {
			name := packageOf(p.Request)
			found = found || !a.fetched[name]
			a.fetched[name] = true
		}
	}
	return found
}

// packageOf is the package that a request is about.
func packageOf(request string) string {
	parts := strings.SplitN(request, "/", 3)
	if strings.HasPrefix(request, "@") && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// explain adds to what is wrong with a package what can be done about it.
func (a *adder) explain(root *npm.Archive, err error) error {
	var e *sandbox.PackError
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: %w", root.ID(), err)
	}
	var absent []string
	for _, p := range e.Problems {
		if name, _, _ := strings.Cut(strings.TrimPrefix(p.Request, "node:"), "/"); p.Builtin && !slices.Contains(absent, name) {
			absent = append(absent, name)
		}
	}
	text := fmt.Sprintf("%s cannot be added:\n  %s", root.ID(), strings.ReplaceAll(err.Error(), "\n", "\n  "))
	if len(absent) > 0 {
		text += fmt.Sprintf("\nif it works without, add it with --missing %s: those calls fail when they are made", strings.Join(absent, ","))
		if !a.browser {
			text += "; or try --browser"
		}
	}
	return errors.New(text)
}

// maxFrames is how many lines of a stack an error shows.
const maxFrames = 5

// where tells at which files of a package an error came up.
func where(err error) string {
	var e *rulebox.Error
	if !errors.As(err, &e) || e.Trace == "" {
		return ""
	}
	frames := strings.Split(e.Trace, "\n")
	return "\n  " + strings.Join(frames[:min(len(frames), maxFrames)], "\n  ")
}

func (a *adder) lock(tree *npm.Tree, out *sandbox.PackOutput) *store.PackageLock {
	root := tree.Packages[0]
	lock := &store.PackageLock{
		Name: root.Name, Version: root.Version, License: root.License, Size: len(out.Source), Files: out.Files,
		Requires: out.Requires, Missing: a.missing, Browser: a.browser, Extra: a.parts, Notes: out.Notes,
		Added: time.Now().UTC().Truncate(time.Second),
	}
	for _, n := range tree.Packages {
		lock.Parts = append(lock.Parts, store.PackagePart{Name: n.Name, Version: n.Version, License: n.License, Integrity: n.Integrity})
	}
	return lock
}

// nowhere is a proxy that there cannot be.
const nowhere = "http://127.0.0.1:0"

// withPool runs f with a running pool, whose scripts have no network: what is
// loaded only to be looked at must not call home.
func withPool(ctx context.Context, jail *jailFlags, f func(*sandbox.Pool) error) error {
	opt, err := jail.options(zap.NewNop())
	if err != nil {
		return err
	}
	opt.Warm, opt.MaxWorkers, opt.Egress = 1, 2, sandbox.Egress{Proxy: nowhere}
	pool, err := sandbox.New(opt)
	if err != nil {
		return err
	}
	poolCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- pool.Run(poolCtx) }()
	err = f(pool)
	stop()
	if poolErr := <-ended; err == nil {
		err = poolErr
	}
	return err
}
