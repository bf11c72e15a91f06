package npm

import (
	"context"
	"fmt"
)

// Bounds of a package with all that it needs.
const (
	// MaxPackages bounds the packages, MaxCode the bytes of their files.
	MaxPackages = 250
	MaxCode     = 48 << 20
)

// A Tree is a package with everything that it needs, each version once.
type Tree struct {
	// Packages begin with the one that was asked for.
	Packages []*Node
}

// A Node is one package of a tree.
type Node struct {
	*Archive
	// Needs are, by name, the packages that its files find: indexes into the
	// tree's.
	Needs map[string]int
	// Provided are those that the engine has itself, by name: the version.
	Provided map[string]string
}

// A Source is where archives come from.
type Source interface {
	Find(ctx context.Context, s Spec) (*Manifest, error)
	Fetch(ctx context.Context, m *Manifest) (*Archive, error)
}

// Resolver builds trees.
type Resolver struct {
	Source Source
	// Provided returns the version that the engine has itself and that the spec
	// allows; empty for none. It may be nil.
	Provided func(s Spec) string
	// Check refuses a package, before it is fetched (files is nil) and after.
	Check func(m *Manifest, files map[string][]byte) error
	// Progress, if not nil, is told of every package that is fetched.
	Progress func(m *Manifest)
}

// Resolve returns the tree of the root, whose archive is at hand.
func (r *Resolver) Resolve(ctx context.Context, root *Archive) (*Tree, error) {
	t := &Tree{}
	index := map[string]int{}
	code := 0
	add := func(a *Archive) (int, error) {
		if err := r.Check(a.Manifest, a.Files); err != nil {
			return 0, err
		}
		for _, text := range a.Files {
			code += len(text)
		}
		if code > MaxCode {
			return 0, fmt.Errorf("%s with what it needs has more than %d MiB of code", root.ID(), MaxCode>>20)
		}
		if len(t.Packages) == MaxPackages {
			return 0, fmt.Errorf("%s needs more than %d packages", root.ID(), MaxPackages)
		}
		index[a.ID()] = len(t.Packages)
		t.Packages = append(t.Packages, &Node{Archive: a, Needs: map[string]int{}, Provided: map[string]string{}})
		return len(t.Packages) - 1, nil
	}
	if _, err := add(root); err != nil {
		return nil, err
	}
	for next := 0; next < len(t.Packages); next++ { // breadth first; it grows meanwhile
		node := t.Packages[next]
		for _, need := range node.Manifest.Needs() {
			if r.Provided != nil {
				if v := r.Provided(need.Spec); v != "" && need.As == need.Name {
					node.Provided[need.Name] = v
					continue
				}
			}
			i, err := r.need(ctx, need.Spec, index, add)
			if err != nil {
				return nil, fmt.Errorf("%w (needed by %s)", err, node.ID())
			}
			node.Needs[need.As] = i
		}
	}
	return t, nil
}

func (r *Resolver) need(ctx context.Context, s Spec, index map[string]int, add func(*Archive) (int, error)) (int, error) {
	m, err := r.Source.Find(ctx, s)
	if err != nil {
		return 0, err
	}
	if i, ok := index[m.ID()]; ok {
		return i, nil
	}
	if err := r.Check(m, nil); err != nil {
		return 0, err
	}
	if r.Progress != nil {
		r.Progress(m)
	}
	a, err := r.Source.Fetch(ctx, m)
	if err != nil {
		return 0, err
	}
	return add(a)
}
