package pack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/rulebox/rulebox/runtime/js/lang"
)

// emptyModule stands for what a package's browser map replaces by nothing.
const emptyModule = "\x00"

// head is the loader of a package's files: each is evaluated when it is first
// required. Names begin with $, for the files are in their reach.
const head = `var $parts, $entries, $outer = require, $cache = [];
function $error(name, text) {
  var e = new Error("Cannot find module '" + name + "'" + text);
  e.code = "MODULE_NOT_FOUND";
  return e;
}
function $require(links) {
  var require = function require(name) {
    var to = links[name];
    switch (typeof to) {
    case "number": return $load(to);
    case "string": return to ? $outer(to) : {};
    case "object": throw $error(name, ": " + to[0]);
    }
    return $outer(name);
  };
  require.resolve = function (name) {
    if (!(name in links)) throw $error(name, "");
    return name;
  };
  require.cache = {};
  require.main = undefined;
  return require;
}
function $load(i) {
  if (i in $cache) return $cache[i].exports;
  var part = $parts[i], m = $cache[i] = { exports: {}, id: part[1], filename: part[1], loaded: false, parent: null, children: [], paths: [] };
  try {
    part[0].call(m.exports, m.exports, $require(part[2]), m, part[1], part[1].slice(0, part[1].lastIndexOf("/")));
    m.loaded = true;
  } finally {
    if (!m.loaded) delete $cache[i];
  }
  return m.exports;
}
`

// link writes the package's body. Its last lines tell where the files begin.
func (b *builder) link() string {
	var s strings.Builder
	s.WriteString(head)
	s.WriteString("$parts = [\n")
	line := 1 + strings.Count(s.String(), "\n")
	var lines strings.Builder
	for _, f := range b.files {
		fmt.Fprintf(&lines, "%s%d %s/%s\n", lang.FileMark, line, b.in.Packages[f.pkg].id(), f.path)
		line += 1 + strings.Count(f.code, "\n")
		s.WriteString("[")
		s.WriteString(f.code)
		s.WriteString(", ")
		s.WriteString(quote("/" + b.in.Packages[f.pkg].id() + "/" + f.path))
		s.WriteString(", {__proto__: null")
		for _, l := range f.requires {
			s.WriteString(", [" + quote(l.name) + "]: ")
			switch {
			case l.absent != "":
				s.WriteString("[" + quote(l.absent) + "]")
			case l.table == emptyModule:
				s.WriteString(`""`)
			case l.table != "":
				s.WriteString(quote(l.table))
			default:
				s.WriteString(strconv.Itoa(l.file))
			}
		}
		s.WriteString("}],\n")
	}
	s.WriteString("];\n$entries = {__proto__: null")
	for _, e := range b.paths() {
		s.WriteString(", [" + quote(e.path) + "]: " + strconv.Itoa(e.file))
	}
	s.WriteString("};\n")
	p := b.in.Packages[0]
	s.WriteString(`module.exports = function (part) {
  var to = $entries[part];
  if (to === undefined) throw $error(` + quote(p.Name) + ` + "/" + part, ": it is no part of ` + p.id() + ` as it was added; the operator can add it again with --part " + part);
  return $load(to);
};
`)
	s.WriteString(lines.String())
	return s.String()
}

type entry struct {
	path string
	file int
}

// paths are what can be required from outside. A package without exports opens
// all of its files that are here.
func (b *builder) paths() []entry {
	all := map[string]int{}
	if b.manifest(0).exports == nil {
		for i, f := range b.files {
			if f.pkg != 0 {
				continue
			}
			all[f.path] = i
			short := strings.TrimSuffix(f.path, path.Ext(f.path))
			if _, ok := all[short]; !ok {
				all[short] = i
			}
			if dir, file := path.Split(f.path); strings.HasPrefix(file, "index.") && dir != "" {
				all[strings.TrimSuffix(dir, "/")] = i
			}
		}
	}
	for part, i := range b.entries {
		all[part] = i
	}
	list := make([]entry, 0, len(all))
	for part, i := range all {
		list = append(list, entry{part, i})
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	return list
}

// quote writes a string of JavaScript.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // a string always marshals
	}
	return string(b) // Marshal escapes U+2028, U+2029 and what HTML minds
}

// jsonModule is the code of a file of data. The text is parsed when it is
// required: as a literal, __proto__ would mean something else.
func jsonModule(text []byte) (string, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !json.Valid(text) {
		return "", errors.New("it is no JSON")
	}
	return "(function (exports, require, module, __filename, __dirname) { module.exports = JSON.parse(" + quote(string(text)) + "); })", nil
}
