package npm

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/Masterminds/semver/v3"
)

// maxMetadata bounds what a registry tells of one package, in bytes: some have
// thousands of versions.
const maxMetadata = 64 << 20

// fetchTime bounds one request.
const fetchTime = 2 * time.Minute

// A Registry fetches from the registries of a configuration.
type Registry struct {
	config *Config
	client *http.Client
	known  map[string]*metadata
}

// NewRegistry returns a Registry. It fetches nothing yet.
func NewRegistry(c *Config) *Registry {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: dialTime, Control: noMetadata}).DialContext
	if c.roots != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: c.roots, MinVersion: tls.VersionTLS12}
	}
	return &Registry{config: c, client: &http.Client{Transport: transport, Timeout: fetchTime, CheckRedirect: redirected}, known: map[string]*metadata{}}
}

// dialTime bounds one connection attempt.
const dialTime = 30 * time.Second

// noMetadata refuses link-local addresses, where clouds keep the machine's
// credentials: a registry's metadata and redirects name any host that they like.
func noMetadata(_, address string, _ syscall.RawConn) error {
	if at, err := netip.ParseAddrPort(address); err == nil && at.Addr().Unmap().IsLinkLocalUnicast() {
		return fmt.Errorf("%s is no address of a registry", at.Addr())
	}
	return nil
}

// maxRedirects is what Go's own client allows.
const maxRedirects = 10

// redirected follows redirects, but none out of TLS: credentials go along.
func redirected(req *http.Request, via []*http.Request) error {
	switch last := via[len(via)-1]; {
	case last.URL.Scheme == "https" && req.URL.Scheme != "https":
		return errors.New("the registry sends us from https to http, where whoever sits in between sees and changes what is fetched")
	case len(via) >= maxRedirects:
		return errors.New("the registry sends us from here to there without end")
	}
	return nil
}

// metadata is what a registry tells of one package.
type metadata struct {
	Tags     map[string]string          `json:"dist-tags"`
	Versions map[string]json.RawMessage `json:"versions"`
}

// ErrNotFound says that the registry has no such package or version.
var ErrNotFound = errors.New("not found")

// Find returns the newest version that the spec means.
func (r *Registry) Find(ctx context.Context, s Spec) (*Manifest, error) {
	if err := CheckName(s.Name); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	all, err := r.metadata(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	version := all.Tags[s.Range]
	if s.Range == "" {
		version = all.Tags["latest"]
	} else if version == "" {
		// What is tagged latest is preferred, as npm does: newer ones may be on trial.
		if latest := all.Tags["latest"]; latest != "" && s.Allows(latest) && all.Versions[latest] != nil {
			version = latest
		} else {
			version = s.newest(slices.Collect(maps.Keys(all.Versions)))
		}
	}
	text, ok := all.Versions[version]
	if !ok {
		return nil, fmt.Errorf("%w: the registry has no version of %s for %q; the newest are %s", ErrNotFound, s.Name, clip(s.Range), all.newest())
	}
	m, err := ParseManifest(text)
	if err != nil {
		return nil, fmt.Errorf("%s in the registry: %w", shown(s.Name+"@"+version), err)
	}
	if m.Name != s.Name || m.Version != version {
		return nil, fmt.Errorf("the registry gives %s for %s", shown(m.ID()), shown(s.Name+"@"+version))
	}
	return m, CheckVersion(m.Version)
}

// maxTold is how many versions an error names.
const maxTold = 5

func (m *metadata) newest() string {
	var versions []*semver.Version
	for text := range m.Versions {
		if v, err := semver.StrictNewVersion(text); err == nil {
			versions = append(versions, v)
		}
	}
	slices.SortFunc(versions, func(a, b *semver.Version) int { return b.Compare(a) })
	var names []string
	for _, v := range versions[:min(len(versions), maxTold)] {
		names = append(names, shown(v.Original()))
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (r *Registry) metadata(ctx context.Context, name string) (*metadata, error) {
	if m := r.known[name]; m != nil {
		return m, nil
	}
	base := r.config.registryOf(name)
	if base == "" {
		return nil, errors.New("no registry is configured; name one with --registry, NPM_CONFIG_REGISTRY or registry= in .npmrc, or give the package as --tarball")
	}
	// The slash of a scoped name is part of the segment.
	body, err := r.get(ctx, base+strings.Replace(url.PathEscape(name), "%40", "@", 1), maxMetadata)
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("%w: the registry has no package %s", ErrNotFound, name)
		}
		return nil, fmt.Errorf("metadata of %s: %w", name, err)
	}
	m := &metadata{}
	if err := json.Unmarshal(body, m); err != nil {
		return nil, fmt.Errorf("metadata of %s: the registry's answer is not what npm expects: %w", name, err)
	}
	r.known[name] = m
	return m, nil
}

// Fetch returns the tarball of a version, verified.
func (r *Registry) Fetch(ctx context.Context, m *Manifest) (*Archive, error) {
	fail := func(err error) (*Archive, error) { return nil, fmt.Errorf("%s: %w", m.ID(), err) }
	u, err := url.Parse(m.Dist.Tarball)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fail(fmt.Errorf("the registry gives no address of its tarball (%q)", clip(m.Dist.Tarball)))
	}
	tgz, err := r.get(ctx, m.Dist.Tarball, MaxTarball)
	if err != nil {
		return fail(err)
	}
	if err := m.Dist.Verify(tgz); err != nil {
		return fail(err)
	}
	a, err := Unpack(tgz)
	if err != nil {
		return fail(err)
	}
	if a.Name != m.Name || a.Version != m.Version {
		return fail(fmt.Errorf("its tarball holds %s", a.ID()))
	}
	return a, nil
}

func (r *Registry) get(ctx context.Context, address string, max int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, application/octet-stream;q=0.9")
	if h := r.config.authorization(req.URL); h != "" {
		req.Header.Set("Authorization", h)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotFound:
		return nil, ErrNotFound
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden:
		return nil, fmt.Errorf("the registry answers %q; credentials stand in .npmrc as //HOST/:_authToken=…", clip(res.Status))
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the registry answers %q", clip(res.Status))
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, max+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > max {
		return nil, fmt.Errorf("the answer has more than %d MiB", max>>20)
	}
	return body, nil
}
