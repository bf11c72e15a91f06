package main

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rulebox/rulebox/modules/npm/licences"
)

var (
	// licenceFile matches the names of files with terms.
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|unlicense|copyright|thirdparty|third-party)([-_.].*)?$`)
	// licenceHead matches the heading of a README's part about terms, in both of
	// Markdown's spellings.
	licenceHead = regexp.MustCompile(`(?im)^(?:#+[ \t]*(?:copyright (?:and|&) )?(?:the )?licen[cs](?:e|ing)\b[^\n]*|licen[cs]e[ \t]*\n[-=]{3,}[ \t]*)$`)
	nextHead    = regexp.MustCompile(`(?m)^(?:#+[ \t]|[^\n]+\n(?:-{3,}|={3,})[ \t]*$)`)
	// legalComment matches comments that must stay with a file, which esbuild leaves
	// out of what it writes.
	legalComment = regexp.MustCompile(`(?s)/\*!.*?\*/|/\*(?:[^*]|\*[^/])*?@(?:license|preserve|licence)\b.*?\*/`)
	// terms matches those that speak of rights: the form is used for others too.
	terms = regexp.MustCompile(`(?i)copyright|licen[cs]e|\(c\)|©|all rights|public domain`)
)

// note remembers that the file of a package, by its path from the work folder, is
// part of what is built.
func (b *builder) note(file string) error {
	o, err := b.ownerOf(file)
	if err != nil || o.Version == "shim" {
		return err
	}
	if o.used == nil {
		o.used = map[string]bool{}
	}
	o.used[file] = true
	return nil
}

// collect returns the licences of all packages that were noted, by name and
// version.
func (b *builder) collect() (*licences.Document, error) {
	var owners []*owner
	for _, o := range b.owners {
		if len(o.used) > 0 {
			owners = append(owners, o)
		}
	}
	slices.SortFunc(owners, func(x, y *owner) int {
		if c := strings.Compare(x.Name, y.Name); c != 0 {
			return c
		}
		if c := strings.Compare(x.Version, y.Version); c != 0 {
			return c
		}
		return strings.Compare(x.dir, y.dir)
	})
	d := &licences.Document{}
	numbers := map[string]int{}
	for _, o := range owners {
		texts, err := b.termsOf(o)
		if err != nil {
			return nil, err
		}
		p := licences.Package{Name: o.Name, Version: o.Version, Licence: o.stated()}
		if len(texts) == 0 {
			p.Author = o.author()
		}
		if len(texts) == 0 && p.Licence == "" {
			return nil, fmt.Errorf("%s has no text of a licence and states none: it cannot be given away", o.dir)
		}
		for _, text := range texts {
			n, ok := numbers[text]
			if !ok {
				n = len(d.Texts)
				numbers[text] = n
				d.Texts = append(d.Texts, text)
			}
			p.Texts = append(p.Texts, n)
		}
		if last := len(d.Packages) - 1; last >= 0 && d.Packages[last].Name == p.Name && d.Packages[last].Version == p.Version {
			d.Packages[last].Texts = slices.Compact(slices.Sorted(slices.Values(append(d.Packages[last].Texts, p.Texts...))))
			continue // installed at two places
		}
		d.Packages = append(d.Packages, p)
	}
	return d, nil
}

// termsOf returns the texts of the package: its files of terms, or else the part of
// its README; and the legal comments of the files that were used.
func (b *builder) termsOf(o *owner) ([]string, error) {
	dir := filepath.Join(b.work, o.dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var texts []string
	readme := ""
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		if strings.HasPrefix(strings.ToLower(e.Name()), "readme") {
			readme = e.Name()
		}
		if !licenceFile.MatchString(e.Name()) || slices.Contains([]string{".js", ".ts", ".json"}, filepath.Ext(e.Name())) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		texts = append(texts, tidy(string(data)))
	}
	if len(texts) == 0 && readme != "" {
		data, err := os.ReadFile(filepath.Join(dir, readme))
		if err != nil {
			return nil, err
		}
		if part := aboutLicence(string(data)); part != "" {
			texts = append(texts, part)
		}
	}
	for _, file := range slices.Sorted(maps.Keys(o.used)) {
		data, err := os.ReadFile(filepath.Join(b.work, file))
		if err != nil {
			return nil, err
		}
		for _, c := range legalComment.FindAllString(string(data), -1) {
			if terms.MatchString(c) {
				texts = append(texts, tidy(c))
			}
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(texts, func(t string) bool {
		again := t == "" || seen[t]
		seen[t] = true
		return again
	}), nil
}

// aboutLicence is the part of a README under the heading of its licence.
func aboutLicence(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	at := licenceHead.FindStringIndex(text)
	if at == nil {
		return ""
	}
	rest := text[at[1]:]
	if next := nextHead.FindStringIndex(rest); next != nil {
		rest = rest[:next[0]]
	}
	return tidy(rest)
}

// tidy returns the text with the ends of lines that Unix has and without blanks
// around it.
func tidy(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(strings.TrimPrefix(text, "\ufeff"), "\ufffd"), "\r\n", "\n"))
}

// stated is the licence that package.json states in one of its forms.
func (o *owner) stated() string {
	if s := o.licence(); s != unstated && !strings.HasPrefix(strings.ToUpper(s), "SEE ") {
		return s
	}
	type form struct{ Type, Name string }
	var one form
	if json.Unmarshal(o.License, &one) == nil && one.Type != "" {
		return one.Type
	}
	var list []form
	if json.Unmarshal(o.Licenses, &list) != nil {
		return ""
	}
	var names []string
	for _, f := range list {
		if f.Type+f.Name != "" {
			names = append(names, f.Type+f.Name)
		}
	}
	return strings.Join(names, " OR ")
}

func (o *owner) author() string {
	var name string
	if json.Unmarshal(o.Author, &name) == nil {
		return name
	}
	var person struct{ Name string }
	_ = json.Unmarshal(o.Author, &person) // what has another form names nobody
	return person.Name
}

// writeLicences writes the document into the folder.
func (b *builder) writeLicences(out string) error {
	d, err := b.collect()
	if err != nil {
		return err
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, licences.File), packed.Bytes(), 0o644)
}
