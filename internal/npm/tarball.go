package npm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Bounds of one tarball.
const (
	// MaxTarball bounds its compressed bytes.
	MaxTarball = 32 << 20
	// maxUnpacked bounds all that is in it, maxFile one file, in bytes.
	maxUnpacked = 128 << 20
	maxFile     = 8 << 20
	// maxFiles bounds the number of entries, maxPath the length of a name.
	maxFiles = 20000
	maxPath  = 512
)

// An Archive is an unpacked tarball.
type Archive struct {
	*Manifest
	// Files are what may be code or say where it is: by path, without the
	// tarball's first folder. Of others there is the name only.
	Files map[string][]byte
	// Integrity is that of the tarball.
	Integrity string
}

// Unpack reads a tarball as npm makes them: gzip, one folder at its root. Names
// that leave the folder, links and devices are errors: npm packs none.
func Unpack(tgz []byte) (*Archive, error) {
	if len(tgz) > MaxTarball {
		return nil, fmt.Errorf("the tarball has %d bytes; at most %d are taken", len(tgz), MaxTarball)
	}
	a := &Archive{Files: map[string][]byte{}, Integrity: Integrity(tgz)}
	zr, err := gzip.NewReader(bytes.NewReader(tgz))
	if err != nil {
		return nil, broken(err)
	}
	unpacked := &io.LimitedReader{R: zr, N: maxUnpacked + 1}
	tr := tar.NewReader(unpacked)
	for n := 0; ; n++ {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) && unpacked.N > 0 {
			break
		}
		if unpacked.N <= 0 {
			return nil, fmt.Errorf("the tarball unpacks to more than %d MiB", maxUnpacked>>20)
		}
		if err != nil {
			return nil, broken(err)
		}
		if n >= maxFiles {
			return nil, fmt.Errorf("the tarball has more than %d files", maxFiles)
		}
		if err := a.entry(h, tr); err != nil {
			if unpacked.N <= 0 {
				return nil, fmt.Errorf("the tarball unpacks to more than %d MiB", maxUnpacked>>20)
			}
			return nil, err
		}
	}
	return a, a.readManifest()
}

func broken(err error) error { return fmt.Errorf("the tarball is broken: %w", err) }

// entry takes over one file.
func (a *Archive) entry(h *tar.Header, r io.Reader) error {
	switch h.Typeflag {
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return nil
	case tar.TypeReg:
	case tar.TypeSymlink, tar.TypeLink:
		return fmt.Errorf("the tarball has a link (%q to %q); packages of npm have none", clip(h.Name), clip(h.Linkname))
	default:
		return fmt.Errorf("the tarball has something that is no file (%q)", clip(h.Name))
	}
	for record := range h.PAXRecords {
		// Holes are read as zeros that are nowhere in the stream: its bound would not hold.
		if strings.HasPrefix(record, "GNU.sparse.") {
			return fmt.Errorf("the tarball has a file with holes (%q); packages of npm have none", clip(h.Name))
		}
	}
	name, err := inside(h.Name)
	if err != nil {
		return err
	}
	before, twice := a.Files[name]
	if !interesting(name) {
		a.Files[name] = nil
		return nil
	}
	if h.Size > maxFile {
		return fmt.Errorf("the file %q has %d bytes; at most %d are taken", clip(name), h.Size, maxFile)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return broken(err)
	}
	if len(text) > maxFile {
		return fmt.Errorf("the file %q has more than %d bytes", clip(name), maxFile)
	}
	// npm itself packs a file as ./name and as name. With two texts, which counts
	// depends on who unpacks.
	if twice && !bytes.Equal(before, text) {
		return fmt.Errorf("the tarball has the file %q twice, with different texts", clip(name))
	}
	a.Files[name] = text
	return nil
}

// inside returns the path below the tarball's first folder.
func inside(name string) (string, error) {
	bad := fmt.Errorf("the tarball has a file that would stand outside of its folder (%q)", clip(name))
	if len(name) > maxPath || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '\\' }) || strings.HasPrefix(name, "/") {
		return "", bad
	}
	for _, part := range strings.Split(name, "/") {
		if part == ".." {
			return "", bad
		}
	}
	_, rest, ok := strings.Cut(path.Clean(name), "/")
	if !ok {
		return path.Clean(name), nil // beside the folder: some tarballs have none
	}
	return rest, nil
}

// interesting tells whether the content of the file may matter: code, data, and
// files without a suffix, which Node.js takes for code.
func interesting(name string) bool {
	switch path.Ext(name) {
	case ".js", ".cjs", ".mjs", ".json":
		return true
	case "":
		return true
	}
	return false
}

func (a *Archive) readManifest() (err error) {
	text, ok := a.Files["package.json"]
	if !ok {
		return errors.New("the tarball has no package.json; it is one that `npm pack` makes, or a registry serves")
	}
	if a.Manifest, err = ParseManifest(text); err != nil {
		return err
	}
	if err := CheckName(a.Name); err != nil {
		return fmt.Errorf("name of package.json: %w", err)
	}
	if err := CheckVersion(a.Version); err != nil {
		return fmt.Errorf("version of package.json: %w", err)
	}
	return nil
}
