package npm

import (
	"bufio"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Config is what npm's own configuration says about registries.
type Config struct {
	// Registry is the default one; Scopes are those of names that begin with
	// @scope, by scope. URLs end with a slash.
	Registry string
	Scopes   map[string]string
	// roots are further trusted authorities, nil for none.
	roots  *x509.CertPool
	tokens map[string]string // by //host/path/, bearer
	basics map[string]string // by //host/path/, base64 of user:password
}

// ReadConfig reads what npm would: the environment, then the .npmrc of the
// present folder, of the user and of the machine. The first that names a value
// has it. Registry may remain empty.
func ReadConfig() (*Config, error) {
	c := &Config{Scopes: map[string]string{}, tokens: map[string]string{}, basics: map[string]string{}}
	c.Registry = cmp.Or(os.Getenv("NPM_CONFIG_REGISTRY"), os.Getenv("npm_config_registry"))
	cafile := cmp.Or(os.Getenv("NPM_CONFIG_CAFILE"), os.Getenv("npm_config_cafile"))
	files := []string{".npmrc"}
	if user := cmp.Or(os.Getenv("NPM_CONFIG_USERCONFIG"), os.Getenv("npm_config_userconfig")); user != "" {
		files = append(files, user)
	} else if home, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(home, ".npmrc"))
	}
	if global := cmp.Or(os.Getenv("NPM_CONFIG_GLOBALCONFIG"), os.Getenv("npm_config_globalconfig")); global != "" {
		files = append(files, global)
	} else {
		files = append(files, "/usr/etc/npmrc", "/usr/local/etc/npmrc", "/etc/npmrc")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // npm does without it too
		}
		c.file(string(text), &cafile)
	}
	if cafile != "" {
		pem, err := os.ReadFile(cafile)
		if err != nil {
			return nil, fmt.Errorf("cafile of npm's configuration: %w", err)
		}
		if c.roots, err = x509.SystemCertPool(); err != nil {
			c.roots = x509.NewCertPool()
		}
		c.roots.AppendCertsFromPEM(pem)
	}
	return c, c.normalize()
}

func (c *Config) file(text string, cafile *string) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		key, value = strings.TrimSpace(key), os.Expand(strings.Trim(strings.TrimSpace(value), `"'`), func(name string) string { return os.Getenv(name) })
		set := func(m map[string]string, k string) {
			if _, ok := m[k]; !ok {
				m[k] = value
			}
		}
		switch {
		case key == "registry" && c.Registry == "":
			c.Registry = value
		case key == "cafile" && *cafile == "":
			*cafile = value
		case strings.HasPrefix(key, "@") && strings.HasSuffix(key, ":registry"):
			set(c.Scopes, strings.TrimSuffix(key, ":registry"))
		case strings.HasPrefix(key, "//") && strings.HasSuffix(key, ":_authToken"):
			set(c.tokens, strings.TrimSuffix(key, ":_authToken"))
		case strings.HasPrefix(key, "//") && strings.HasSuffix(key, ":_auth"):
			set(c.basics, strings.TrimSuffix(key, ":_auth"))
		}
	}
}

// SetRegistry replaces the registry for every name.
func (c *Config) SetRegistry(address string) error {
	c.Registry, c.Scopes = address, map[string]string{}
	return c.normalize()
}

// errAddress is about a registry's URL.
var errAddress = errors.New("a registry is a URL such as https://registry.example/")

func (c *Config) normalize() error {
	check := func(address string) (string, error) {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return "", fmt.Errorf("registry %q: %w", clip(address), errAddress)
		}
		return strings.TrimSuffix(address, "/") + "/", nil
	}
	var err error
	if c.Registry != "" {
		if c.Registry, err = check(c.Registry); err != nil {
			return err
		}
	}
	for scope, address := range c.Scopes {
		if c.Scopes[scope], err = check(address); err != nil {
			return err
		}
	}
	return nil
}

// registryOf is the registry that has the name.
func (c *Config) registryOf(name string) string {
	if scope, _, ok := strings.Cut(name, "/"); ok && c.Scopes[scope] != "" {
		return c.Scopes[scope]
	}
	return c.Registry
}

// Plain says that the name is fetched over plain HTTP, and not from this machine.
func (c *Config) Plain(name string) bool {
	u, err := url.Parse(c.registryOf(name))
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}

// inClear says that a configured registry has the host, without TLS.
func (c *Config) inClear(host string) bool {
	for _, address := range append(slices.Collect(maps.Values(c.Scopes)), c.Registry) {
		if u, err := url.Parse(address); err == nil && u.Scheme == "http" && u.Host == host {
			return true
		}
	}
	return false
}

// authorization is the header for the address, empty for none: the longest
// configured prefix of it decides. Nothing goes out in clear, except to a registry
// that is configured so: where tarballs are is the registry's word.
func (c *Config) authorization(u *url.URL) string {
	at, header := "", ""
	if u.Scheme != "https" && !c.inClear(u.Host) {
		return ""
	}
	where := "//" + u.Host + u.Path
	for scheme, entries := range map[string]map[string]string{"Bearer ": c.tokens, "Basic ": c.basics} {
		for prefix, secret := range entries {
			if prefix = strings.TrimSuffix(prefix, "/") + "/"; strings.HasPrefix(where, prefix) && len(prefix) > len(at) {
				at, header = prefix, scheme+secret
			}
		}
	}
	return header
}

// askTime bounds how long npm may think about its own settings.
const askTime = 20 * time.Second

// AskNPM sets the registry to npm's own default, if npm is installed and nothing
// else names one. No registry is written down here.
func (c *Config) AskNPM(ctx context.Context) {
	if c.Registry != "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, "npm", "config", "get", "registry").Output()
	if err != nil {
		return // no npm: whoever needs a registry says so
	}
	c.Registry = strings.TrimSpace(string(out))
	if c.normalize() != nil {
		c.Registry = ""
	}
}
