package npm

import (
	"context"
	"fmt"
)

// Archives are tarballs at hand: a Source without a network.
type Archives []*Archive

// Find implements Source.
func (a Archives) Find(_ context.Context, s Spec) (*Manifest, error) {
	var best *Archive
	for _, archive := range a {
		if archive.Name == s.Name && s.Allows(archive.Version) && (best == nil || (Spec{Name: s.Name}).newest([]string{best.Version, archive.Version}) == archive.Version) {
			best = archive
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%w: %s is among no tarball that was given; give it with --tarball too, or leave --tarball out and let a registry serve all", ErrNotFound, shown(s.String()))
	}
	return best.Manifest, nil
}

// Fetch implements Source.
func (a Archives) Fetch(_ context.Context, m *Manifest) (*Archive, error) {
	for _, archive := range a {
		if archive.Manifest == m {
			return archive, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrNotFound, m.ID())
}
