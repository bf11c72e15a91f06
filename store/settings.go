package store

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/transaction"
)

// settingsFile is what Rulebox adds to a tenant's folder; the rest of the layout
// is the Auth0 deploy CLI's.
const settingsFile = "rulebox.json"

// The most that limits can be set to.
const (
	// MaxWall is longer than anybody waits for a login.
	MaxWall = 10 * time.Minute
	// MaxMemory is as much as a worker may map, in bytes.
	MaxMemory = 1 << 30
	// maxOutput leaves room in a worker's frame for the logs, in bytes; NATS
	// carries less.
	maxOutput = 8 << 20
)

// settings is the content of rulebox.json. A field that is absent has its
// default; one that is unknown is an error.
type settings struct {
	// Management is the API behind `auth0` in rules.
	Management *struct {
		Domain      string `json:"domain"`
		BaseURL     string `json:"baseUrl"`
		AccessToken string `json:"accessToken"`
	} `json:"management"`
	Limits struct {
		Wall   string `json:"wall"`
		Memory string `json:"memory"`
		Output string `json:"output"`
	} `json:"limits"`
	// Egress opens private addresses: CIDR prefixes or host:port.
	Egress []string `json:"egress"`
	// OnFault is deny or continue.
	OnFault string `json:"on_fault"`
	// UnauthorizedError is OAuth's error for UnauthorizedError: unauthorized or
	// access_denied.
	UnauthorizedError string `json:"unauthorized_error"`
	// CustomCode false is the break-glass switch.
	CustomCode *bool `json:"custom_code"`
	// Cache bounds api.cache, for each trigger.
	Cache struct {
		Entries int    `json:"entries"`
		Key     string `json:"key"`
		Value   string `json:"value"`
		Total   string `json:"total"`
	} `json:"cache"`
	Modules moduleSettings `json:"modules"`
	// Adapters are the settings for the hooks of identity servers, by adapter. What
	// they may be is the gateway's matter: Folder.CheckAdapters. Their secrets may come
	// from the environment.
	Adapters map[string]json.RawMessage `json:"adapters"`
	// ApplyMetadata has Rulebox save metadata through the management API.
	ApplyMetadata bool `json:"apply_metadata"`
}

// validate says what is wrong with values that decode.
func (s *settings) validate() error {
	if m := s.Management; m != nil && m.BaseURL != "" {
		if u, err := url.Parse(m.BaseURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return fmt.Errorf("management.baseUrl is %q; it must be a URL such as https://login.example/api/v2", m.BaseURL)
		}
	}
	for _, entry := range s.Egress {
		if strings.Contains(entry, "://") {
			return fmt.Errorf("egress: %q is a URL; write host:port, such as 10.0.0.5:443, or a CIDR prefix", entry)
		}
	}
	if err := s.Modules.validate(); err != nil {
		return err
	}
	if s.ApplyMetadata && (s.Management == nil || s.Management.BaseURL == "" || s.Management.AccessToken == "") {
		return fmt.Errorf("apply_metadata needs management, with baseUrl and accessToken: metadata is saved there")
	}
	if _, err := s.cache(); err != nil {
		return err
	}
	if err := oneOf("on_fault", s.OnFault, "", string(transaction.FailDeny), string(transaction.FailContinue)); err != nil {
		return err
	}
	return oneOf("unauthorized_error", s.UnauthorizedError, "", "unauthorized", "access_denied")
}

func oneOf(field, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return fmt.Errorf("%s is %q; it can be %s", field, value, strings.Join(allowed[1:], " or "))
}

func (s *settings) limits() (l rulebox.Limits, err error) {
	if s.Limits.Wall != "" {
		if l.Wall, err = time.ParseDuration(s.Limits.Wall); err != nil || l.Wall <= 0 {
			return l, fmt.Errorf("limits.wall is %q; it must be a time such as 5s or 800ms", s.Limits.Wall)
		}
		if l.Wall > MaxWall {
			return l, fmt.Errorf("limits.wall is %q; it must be at most %s", s.Limits.Wall, MaxWall)
		}
	}
	if s.Limits.Memory != "" {
		if l.Memory, err = ParseSize(s.Limits.Memory); err != nil {
			return l, fmt.Errorf("limits.memory: %w", err)
		}
		if l.Memory < rulebox.MinMemory {
			return l, fmt.Errorf("limits.memory is %q; it must be at least %dMiB", s.Limits.Memory, rulebox.MinMemory>>20)
		}
		if l.Memory > MaxMemory {
			return l, fmt.Errorf("limits.memory is %q; it must be at most %dMiB", s.Limits.Memory, MaxMemory>>20)
		}
	}
	if s.Limits.Output != "" {
		n, err := ParseSize(s.Limits.Output)
		if err != nil {
			return l, fmt.Errorf("limits.output: %w", err)
		}
		if n > maxOutput {
			return l, fmt.Errorf("limits.output is %q; it must be at most %dMiB", s.Limits.Output, maxOutput>>20)
		}
		l.Output = int(n)
	}
	return l.WithDefaults(), nil
}

// cache returns the limits of api.cache, each at most what the pipeline takes.
func (s *settings) cache() (l rulebox.CacheLimits, err error) {
	most := transaction.MaxCache
	if s.Cache.Entries < 0 || s.Cache.Entries > most.Entries {
		return l, fmt.Errorf("cache.entries is %d; it must be from 1 to %d", s.Cache.Entries, most.Entries)
	}
	l.Entries = s.Cache.Entries
	for _, f := range []struct {
		name, text string
		field      *int
		most       int
	}{{"key", s.Cache.Key, &l.Key, most.Key}, {"value", s.Cache.Value, &l.Value, most.Value}, {"total", s.Cache.Total, &l.Total, most.Total}} {
		if f.text == "" {
			continue
		}
		n, err := ParseSize(f.text)
		if err != nil {
			return l, fmt.Errorf("cache.%s: %w", f.name, err)
		}
		if n > int64(f.most) {
			return l, fmt.Errorf("cache.%s is %q; it must be at most %d bytes", f.name, f.text, f.most)
		}
		*f.field = int(n)
	}
	return l, nil
}

// ParseSize reads a size in bytes: a whole number, alone or with KiB, MiB or GiB
// (KB, MB and GB mean the same).
func ParseSize(s string) (int64, error) {
	number, unit := s, int64(1)
	for _, u := range []struct {
		suffix string
		bytes  int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}} {
		if rest, ok := strings.CutSuffix(s, u.suffix); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > (1<<40)/unit {
		return 0, fmt.Errorf("%q is no size; write bytes, or a number with KiB, MiB or GiB", s)
	}
	return n * unit, nil
}
