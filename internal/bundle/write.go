package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// blockSize is about how much text is compressed together, in bytes. To read one
// unit its whole block is unpacked, and units that are loaded together stand
// together.
const blockSize = 64 << 10

// write writes the index and the blocks, and returns the bytes of the blocks.
// The format is described in modules/bundle.go.
func (b *builder) write(out string) (int, error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return 0, err
	}
	var blocks, names, subs strings.Builder
	var units, unitNames []byte
	var packed bytes.Buffer
	var block bytes.Buffer
	number := 0
	flush := func() error {
		if block.Len() == 0 {
			return nil
		}
		at := packed.Len()
		w, err := flate.NewWriter(&packed, flate.BestCompression)
		if err != nil {
			return err
		}
		if _, err := w.Write(block.Bytes()); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		fmt.Fprintf(&blocks, "%d\t%d\t%d\n", at, packed.Len()-at, block.Len())
		block.Reset()
		number++
		return nil
	}
	for _, u := range b.units {
		if block.Len() > 0 && block.Len()+len(u.text) > blockSize {
			if err := flush(); err != nil {
				return 0, err
			}
		}
		for _, n := range []int{int(u.kind), number, block.Len(), len(u.text), len(unitNames), len(u.name)} {
			units = binary.BigEndian.AppendUint32(units, uint32(n))
		}
		unitNames = append(unitNames, u.name...)
		block.WriteString(u.text)
	}
	if err := flush(); err != nil {
		return 0, err
	}
	for _, e := range b.packages {
		standard := ""
		if e.pkg.standard {
			standard = "standard"
		}
		fmt.Fprintf(&names, "%s\t%s\t%d\t%s\t%s\t%d\t%s\t%s\n", e.pkg.name, e.version, e.unit, standard, e.licence, e.bytes, e.digest, strings.Join(e.requires, ","))
	}
	for _, e := range b.subs {
		fmt.Fprintf(&subs, "%s@%s\t%s\t%d\n", e.pkg.name, e.version, e.sub, e.unit)
	}
	for name, data := range map[string]string{"packages": names.String(), "subs": subs.String(), "units": string(units), "names": string(unitNames), "blocks": blocks.String(), "data": packed.String()} {
		if err := os.WriteFile(filepath.Join(out, name), []byte(data), 0o644); err != nil {
			return 0, err
		}
	}
	return packed.Len(), nil
}
