// Package licences holds the licences of the npm packages that the binary has in
// it, those that others of them need among them, as internal/bundle collected them
// from the packages. It is for the command alone: workers do not link it.
package licences

import (
	"bytes"
	"compress/flate"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

//go:embed dist
var dist embed.FS

// File is what internal/bundle writes: the JSON text of a Document, as a DEFLATE
// stream.
const File = "licences"

// A Document is what was collected. Texts that packages share stand in it once.
type Document struct {
	Packages []Package `json:"packages"`
	Texts    []string  `json:"texts"`
}

// A Package is one package, in one version.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// Licence is the licence that its package.json states, empty if it states none.
	Licence string `json:"licence,omitempty"`
	// Author is whom package.json names, for packages without a text.
	Author string `json:"author,omitempty"`
	// Texts are indexes of the licences, notices and legal comments in its files. A
	// package may have none and state its licence only.
	Texts []int `json:"texts,omitempty"`
}

// ErrNone says that internal/bundle has not run.
var ErrNone = errors.New("this build has no npm bundles: run make")

// Read returns the document.
func Read() (*Document, error) {
	packed, err := dist.ReadFile("dist/" + File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return nil, fmt.Errorf("the licences of this build: %w", err)
	}
	d := &Document{}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("the licences of this build: %w", err)
	}
	return d, nil
}

// Write writes the packages that keep says, in their order: those with the same
// texts together, at the place of the first.
func (d *Document) Write(w io.Writer, keep func(*Package) bool) error {
	same := map[string][]*Package{}
	var order []string
	for i := range d.Packages {
		p := &d.Packages[i]
		if !keep(p) {
			continue
		}
		key := fmt.Sprint(p.Texts)
		if len(p.Texts) == 0 {
			key = p.Name + "@" + p.Version
		}
		if same[key] == nil {
			order = append(order, key)
		}
		same[key] = append(same[key], p)
	}
	for _, key := range order {
		if err := d.section(w, same[key]); err != nil {
			return err
		}
	}
	return nil
}

// section writes packages that have the same texts.
func (d *Document) section(w io.Writer, all []*Package) error {
	var b strings.Builder
	b.WriteString(strings.Repeat("=", 78) + "\n")
	for _, p := range all {
		licence := p.Licence
		if licence == "" {
			licence = "licence as below"
		}
		fmt.Fprintf(&b, "%s %s: %s\n", p.Name, p.Version, licence)
	}
	if first := all[0]; len(first.Texts) == 0 {
		b.WriteString("\nThe package states its licence and has no text of it.")
		if first.Author != "" {
			fmt.Fprintf(&b, " Its author is %s.", first.Author)
		}
		b.WriteByte('\n')
	}
	for _, t := range all[0].Texts {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(d.Texts[t]))
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}
