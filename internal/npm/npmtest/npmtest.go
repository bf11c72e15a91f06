// Package npmtest is a registry of npm on the loopback, and the tarballs that one
// serves or must not: for tests.
package npmtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/rulebox/rulebox/internal/npm"
)

// Tarball packs files as `npm pack` does: below package/, gzipped.
func Tarball(files map[string]string) []byte {
	return Pack(func(w *tar.Writer) {
		for name, text := range files {
			File(w, "package/"+name, text)
		}
	})
}

// Pack gzips what write puts into a tar stream.
func Pack(write func(*tar.Writer)) []byte {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	tw := tar.NewWriter(zw)
	write(tw)
	must(tw.Close())
	must(zw.Close())
	return b.Bytes()
}

// File writes one file.
func File(w *tar.Writer, name, text string) {
	must(w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}))
	_, err := io.WriteString(w, text)
	must(err)
}

func must(err error) {
	if err != nil {
		panic(err) // writing to memory; a test has asked for the impossible
	}
}

const manifest = `{"name": "evil", "version": "1.0.0"}`

// Hostile are tarballs that must not be taken, by what is wrong with them.
var Hostile = map[string]func() []byte{
	"garbage": func() []byte { return []byte("this is no gzip") },
	"empty":   func() []byte { return nil },
	"truncated": func() []byte {
		b := Tarball(map[string]string{"package.json": manifest, "index.js": strings.Repeat("x = 1;\n", 100)})
		return b[:len(b)/2]
	},
	"no-tar": func() []byte {
		var b bytes.Buffer
		zw := gzip.NewWriter(&b)
		_, err := zw.Write(bytes.Repeat([]byte("not a tar\n"), 1000))
		must(err)
		must(zw.Close())
		return b.Bytes()
	},
	"traversal": func() []byte {
		return Pack(func(w *tar.Writer) {
			File(w, "package/package.json", manifest)
			File(w, "package/../../../../tmp/owned.js", "1")
		})
	},
	"absolute": func() []byte {
		return Pack(func(w *tar.Writer) {
			File(w, "package/package.json", manifest)
			File(w, "/tmp/owned.js", "1")
		})
	},
	"backslash": func() []byte {
		return Pack(func(w *tar.Writer) {
			File(w, "package/package.json", manifest)
			File(w, `package\..\..\owned.js`, "1")
		})
	},
	"symlink": func() []byte {
		return Pack(func(w *tar.Writer) {
			File(w, "package/package.json", manifest)
			must(w.WriteHeader(&tar.Header{Name: "package/index.js", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}))
		})
	},
	"hardlink": func() []byte {
		return Pack(func(w *tar.Writer) {
			File(w, "package/package.json", manifest)
			must(w.WriteHeader(&tar.Header{Name: "package/index.js", Linkname: "../../etc/passwd", Typeflag: tar.TypeLink}))
		})
	},
	"device": func() []byte {
		return Pack(func(w *tar.Writer) {
			File(w, "package/package.json", manifest)
			must(w.WriteHeader(&tar.Header{Name: "package/null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}))
		})
	},
	"bomb": func() []byte {
		return Pack(func(w *tar.Writer) {
			File(w, "package/package.json", manifest)
			zeros := strings.Repeat("\x00", 7<<20)
			for i := range 24 {
				File(w, fmt.Sprintf("package/%d.bin", i), zeros)
			}
		})
	},
	"large-file": func() []byte {
		return Pack(func(w *tar.Writer) {
			File(w, "package/package.json", manifest)
			File(w, "package/index.js", strings.Repeat(" ", 9<<20))
		})
	},
	// Some kilobytes that are a gigabyte of zeros.
	"sparse": func() []byte {
		b := entry(tar.TypeReg, "package/package.json", manifest)
		for i := range 128 {
			b = append(b, sparse(fmt.Sprintf("package/f%d.js", i), 8<<20)...)
		}
		return gzipTar(b)
	},
	"sparse-old": func() []byte {
		return gzipTar(append(entry(tar.TypeReg, "package/package.json", manifest), entry(tar.TypeGNUSparse, "package/f.js", "")...))
	},
	"many-files": func() []byte {
		return Pack(func(w *tar.Writer) {
			File(w, "package/package.json", manifest)
			for i := range 20001 {
				File(w, fmt.Sprintf("package/%d.js", i), "")
			}
		})
	},
	"twice": func() []byte {
		return Pack(func(w *tar.Writer) {
			File(w, "package/package.json", manifest)
			File(w, "package/package.json", `{"name": "good", "version": "1.0.0"}`)
		})
	},
	"no-manifest":  func() []byte { return Tarball(map[string]string{"index.js": "1"}) },
	"bad-manifest": func() []byte { return Tarball(map[string]string{"package.json": "[1]"}) },
	"bad-name": func() []byte {
		return Tarball(map[string]string{"package.json": `{"name": "../../x", "version": "1.0.0"}`, "index.js": "1"})
	},
	"bad-version": func() []byte {
		return Tarball(map[string]string{"package.json": `{"name": "x", "version": "../1"}`, "index.js": "1"})
	},
}

// A Registry serves packages. It is an http.Handler and safe for concurrent use.
type Registry struct {
	// Token, if not empty, is what requests must bear.
	Token string

	mu       sync.Mutex // guards what follows
	packages map[string]*published
	tarballs map[string][]byte
	fetched  []string
}

type published struct {
	latest   string
	versions map[string]map[string]any
}

// Publish adds a version from its files, package.json among them. Change, if not
// nil, may alter what the registry tells of it.
func (r *Registry) Publish(files map[string]string, change func(meta map[string]any)) {
	r.PublishTarball(files["package.json"], Tarball(files), change)
}

// PublishTarball is Publish for a tarball of its own.
func (r *Registry) PublishTarball(manifest string, tgz []byte, change func(meta map[string]any)) {
	var meta map[string]any
	must(json.Unmarshal([]byte(manifest), &meta))
	name, version := meta["name"].(string), meta["version"].(string)
	sum := sha1.Sum(tgz)
	path := "/-/tarballs/" + url.PathEscape(name) + "-" + version + ".tgz"
	meta["dist"] = map[string]any{"tarball": path, "integrity": npm.Integrity(tgz), "shasum": hex.EncodeToString(sum[:])}
	if change != nil {
		change(meta)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.packages == nil {
		r.packages, r.tarballs = map[string]*published{}, map[string][]byte{}
	}
	p := r.packages[name]
	if p == nil {
		p = &published{versions: map[string]map[string]any{}}
		r.packages[name] = p
	}
	p.latest, p.versions[version] = version, meta
	r.tarballs[path] = tgz
}

// Fetched lists the paths that were asked for.
func (r *Registry) Fetched() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.fetched...)
}

// ServeHTTP implements http.Handler as registries do: the metadata at /name, with
// the slash of a scoped name escaped.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	path := req.URL.EscapedPath()
	r.fetched = append(r.fetched, path)
	if r.Token != "" && req.Header.Get("Authorization") != "Bearer "+r.Token {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	if tgz, ok := r.tarballs[path]; ok {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(tgz)
		return
	}
	name, err := url.PathUnescape(strings.TrimPrefix(path, "/"))
	p := r.packages[name]
	if err != nil || p == nil || strings.Contains(strings.TrimPrefix(path, "/"), "/") {
		http.Error(w, `{"error":"not_found"}`, http.StatusNotFound)
		return
	}
	versions := map[string]any{}
	for v, meta := range p.versions {
		absolute := map[string]any{}
		for k, value := range meta {
			absolute[k] = value
		}
		dist := map[string]any{}
		for k, value := range meta["dist"].(map[string]any) {
			if text, ok := value.(string); ok && k == "tarball" && strings.HasPrefix(text, "/") {
				value = "http://" + req.Host + text
			}
			dist[k] = value
		}
		absolute["dist"] = dist
		versions[v] = absolute
	}
	w.Header().Set("Content-Type", "application/json")
	must(json.NewEncoder(w).Encode(map[string]any{"name": name, "dist-tags": map[string]string{"latest": p.latest}, "versions": versions}))
}

// gzipTar ends a tar stream that is made of entries, and gzips it.
func gzipTar(entries []byte) []byte {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	_, err := zw.Write(append(entries, make([]byte, 1024)...))
	must(err)
	must(zw.Close())
	return b.Bytes()
}

// sparse is a file that is one hole of size bytes, as GNU tar's PAX format 0.1 has
// it. The package archive/tar reads such files and writes none.
func sparse(name string, size int64) []byte {
	var records string
	for _, r := range [][2]string{{"major", "0"}, {"minor", "1"}, {"name", name}, {"size", fmt.Sprint(size)}, {"numblocks", "1"}, {"map", fmt.Sprintf("%d,0", size)}} {
		text := fmt.Sprintf(" GNU.sparse.%s=%s\n", r[0], r[1])
		records += fmt.Sprint(len(text)+2) + text // the length counts itself, which has two digits
	}
	return append(entry(tar.TypeXHeader, "PaxHeaders/x", records), entry(tar.TypeReg, name, "")...)
}

// entry is a tar entry of any type.
func entry(kind byte, name, text string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	must(w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}))
	_, err := io.WriteString(w, text)
	must(err)
	must(w.Flush())
	block := b.Bytes()
	block[156] = kind
	copy(block[148:156], "        ")
	sum := 0
	for _, c := range block[:512] {
		sum += int(c)
	}
	copy(block[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return block
}
