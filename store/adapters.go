package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// adapterVariables begins, after RULEBOX_SECRET_<TENANT>_, the variables with the
// secrets of adapters: ADAPTER_KRATOS_SECRET, ADAPTER_LOGTO_SIGNING_KEY. They count
// before the file. Placeholders would do as well, but those that the environment
// fills are scripts' configuration too.
const adapterVariables = "ADAPTER_"

// adapters returns the settings of the adapters with the secrets of the environment.
func (l *loader) adapters() (map[string]json.RawMessage, error) {
	all := maps.Clone(l.settings.Adapters)
	secrets := values(secretVariables, l.name, l.environ)
	for _, variable := range slices.Sorted(maps.Keys(secrets)) {
		name, field := adapterSecret(variable)
		if name == "" {
			continue // of an action whose name begins like that
		}
		settings := map[string]json.RawMessage{}
		if raw := all[name]; raw != nil && json.Unmarshal(raw, &settings) != nil {
			return nil, fmt.Errorf("adapters.%s must be an object", name)
		}
		value, err := json.Marshal(secrets[variable])
		if err != nil {
			return nil, err
		}
		settings[field] = value
		if all == nil {
			all = map[string]json.RawMessage{}
		}
		if all[name], err = json.Marshal(settings); err != nil {
			return nil, err
		}
	}
	if l.checkAdapters != nil {
		return all, l.checkAdapters(all)
	}
	return all, nil
}

// adapterSecret returns the adapter and the setting that a variable of the tenant is
// for; name is empty if it is for neither. Such a variable is no script's, whatever
// secret the script declares.
func adapterSecret(variable string) (name, field string) {
	rest, ok := strings.CutPrefix(variable, adapterVariables)
	if !ok {
		return "", ""
	}
	for _, f := range []string{"secret", "signing_key"} {
		if n, ok := strings.CutSuffix(rest, "_"+strings.ToUpper(f)); ok {
			name, field = strings.ToLower(n), f
		}
	}
	return name, field
}
