package pack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

// manifest is what a package.json says about finding files.
type manifest struct {
	main, module, browserMain string
	browser                   map[string]string // ./file or name; empty is nothing
	exports                   *node
	imports                   *node
	err                       error
}

func (b *builder) manifest(pkg int) *manifest {
	m := b.manifests[pkg]
	if m == nil {
		m = parseManifest(b.in.Packages[pkg].Files["package.json"])
		b.manifests[pkg] = m
	}
	return m
}

func parseManifest(text []byte) *manifest {
	m := &manifest{browser: map[string]string{}}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &raw); err != nil {
		m.err = fmt.Errorf("package.json is no JSON object: %w", err)
		return m
	}
	// Fields of another form are as if absent: so does Node.js.
	_ = json.Unmarshal(raw["main"], &m.main)
	_ = json.Unmarshal(raw["module"], &m.module)
	_ = json.Unmarshal(raw["browser"], &m.browserMain)
	var replaced map[string]any
	_ = json.Unmarshal(raw["browser"], &replaced)
	for from, to := range replaced {
		switch to := to.(type) {
		case string:
			m.browser[from] = to
		case bool:
			if !to {
				m.browser[from] = ""
			}
		}
	}
	m.exports, m.err = parseNode(raw["exports"])
	if m.err == nil {
		m.imports, m.err = parseNode(raw["imports"])
	}
	return m
}

// mains are the files that may be the package's main one, the best first.
func (m *manifest) mains(browser bool) []string {
	list := []string{m.main, m.module}
	if browser {
		list = slices.Insert(list, 0, m.browserMain)
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// A node is a value of an exports or imports map, its members in order.
type node struct {
	text   string
	list   []*node
	keys   []string
	values map[string]*node
}

// maxDepth bounds the nesting of a map.
const maxDepth = 16

func parseNode(text json.RawMessage) (*node, error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	return readNode(d, 0)
}

func readNode(d *json.Decoder, depth int) (*node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("package.json: a map is nested more than %d deep", maxDepth)
	}
	switch t := t.(type) {
	case string:
		return &node{text: t}, nil
	case json.Delim:
		n := &node{}
		if t == '{' {
			n.values = map[string]*node{}
		}
		for d.More() {
			key := ""
			if t == '{' {
				k, err := d.Token()
				if err != nil {
					return nil, err
				}
				key, _ = k.(string)
			}
			v, err := readNode(d, depth+1)
			if err != nil {
				return nil, err
			}
			if t == '[' {
				n.list = append(n.list, v)
				continue
			}
			n.keys = append(n.keys, key)
			n.values[key] = v
		}
		_, err := d.Token()
		return n, err
	}
	return nil, nil // null, or what has no meaning: nothing is exported
}

// Conditions, the best first: what is written for require() is preferred to what
// is written for import.
var conditions = [][]string{
	{"require", "node", "module-sync", "default"},
	{"import", "module", "node", "default"},
}

// pick returns the path that a node gives under the conditions.
func (n *node) pick(conditions []string) string {
	switch {
	case n == nil:
		return ""
	case n.text != "":
		return n.text
	case n.list != nil:
		for _, v := range n.list {
			if s := v.pick(conditions); s != "" {
				return s
			}
		}
		return ""
	}
	for _, key := range n.keys {
		if slices.Contains(conditions, key) {
			if s := n.values[key].pick(conditions); s != "" {
				return s
			}
		}
	}
	return ""
}

func (n *node) best(browser bool) string {
	for _, c := range conditions {
		if browser {
			c = slices.DeleteFunc(append([]string{"browser"}, c...), func(s string) bool { return s == "node" })
		}
		if s := n.pick(c); s != "" {
			return s
		}
	}
	return ""
}

// export returns the file that a path of the package means.
func (m *manifest) export(sub string, browser bool) (string, error) {
	n := m.exports
	if len(n.keys) == 0 || !strings.HasPrefix(n.keys[0], ".") {
		if sub != "" {
			return "", fmt.Errorf("'./%s' is not exported", sub)
		}
		return exportTarget(n.best(browser), ".")
	}
	key := "."
	if sub != "" {
		key = "./" + sub
	}
	v, star := n.match(key)
	if v == nil {
		return "", fmt.Errorf("'%s' is not exported", key)
	}
	return exportTarget(strings.ReplaceAll(v.best(browser), "*", star), key)
}

// imported returns what a name that begins with # means: ./file or a package.
func (m *manifest) imported(request string, browser bool) (string, error) {
	if m.imports == nil {
		return "", fmt.Errorf("it requires '%s', but its package.json has no imports", request)
	}
	v, star := m.imports.match(request)
	to := ""
	if v != nil {
		to = strings.ReplaceAll(v.best(browser), "*", star)
	}
	if to == "" {
		return "", fmt.Errorf("it requires '%s', which the imports of its package.json do not name", request)
	}
	return to, nil
}

// match finds the member for the key: itself, or the longest pattern.
func (n *node) match(key string) (*node, string) {
	if v := n.values[key]; v != nil && !strings.Contains(key, "*") {
		return v, ""
	}
	var best *node
	at, star := -1, ""
	for _, pattern := range n.keys {
		before, after, ok := strings.Cut(pattern, "*")
		if !ok && strings.HasSuffix(pattern, "/") { // the old form of a pattern
			before, after, ok = pattern, "", true
		}
		if ok && len(before) > at && len(key) >= len(before)+len(after) && strings.HasPrefix(key, before) && strings.HasSuffix(key, after) {
			best, at, star = n.values[pattern], len(before), key[len(before):len(key)-len(after)]
			if strings.HasSuffix(pattern, "/") && best != nil && best.text != "" {
				best = &node{text: best.text + "*"}
			}
		}
	}
	return best, star
}

// exportTarget refuses what an exports map must not name.
func exportTarget(to, key string) (string, error) {
	if !strings.HasPrefix(to, "./") {
		return "", fmt.Errorf("'%s' is not exported to Node.js", key)
	}
	for _, part := range strings.Split(to, "/")[1:] {
		if part == ".." || part == "node_modules" {
			return "", fmt.Errorf("'%s' is exported as a file outside of the package", key)
		}
	}
	return to, nil
}

// exported lists the paths of the package's own that its exports name.
func (m *manifest) exported(browser bool) []string {
	if m.exports == nil {
		return nil
	}
	var parts []string
	for _, key := range m.exports.keys {
		if part, ok := strings.CutPrefix(key, "./"); ok && !strings.ContainsAny(part, "*") && !strings.HasSuffix(part, "/") && part != "package.json" {
			switch path.Ext(m.exports.values[key].best(browser)) {
			case ".js", ".cjs", ".mjs", ".json":
				parts = append(parts, part)
			}
		}
	}
	return parts
}
