//go:build wasip1

// A rule in Go, as a WASI command: it reads {"user":…,"context":…} on standard
// input and writes the same document, changed, on standard output.
//
//	GOOS=wasip1 GOARCH=wasm go build -ldflags='-s -w' -o rule.wasm ./examples/wasm-go
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

type document struct {
	User    map[string]any `json:"user"`
	Context map[string]any `json:"context"`
}

func main() {
	var d document
	if err := json.NewDecoder(os.Stdin).Decode(&d); err != nil {
		fmt.Fprintln(os.Stderr, "the input:", err)
		os.Exit(1)
	}
	plan := os.Getenv("DEFAULT_PLAN") // configuration.DEFAULT_PLAN
	if meta, ok := d.User["app_metadata"].(map[string]any); ok {
		if s, ok := meta["plan"].(string); ok {
			plan = s
		}
	}
	claims, ok := d.Context["idToken"].(map[string]any)
	if !ok {
		claims = map[string]any{}
		d.Context["idToken"] = claims
	}
	claims["https://acme.example/plan"] = plan
	fmt.Fprintln(os.Stderr, "plan set")
	if err := json.NewEncoder(os.Stdout).Encode(d); err != nil {
		os.Exit(1)
	}
}
