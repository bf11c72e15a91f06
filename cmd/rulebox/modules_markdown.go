package main

import (
	"fmt"
	"io"
	"strings"
)

// moduleNotes tell what differs from the original, by name.
var moduleNotes = map[string]string{}

func writeModulesMarkdown(out io.Writer) error {
	var b strings.Builder
	_, err := fmt.Fprint(out, b.String())
	return err
}
