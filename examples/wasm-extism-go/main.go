//go:build wasip1

// A rule in Go, as an Extism plug-in.
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -ldflags='-s -w' -o rule.wasm ./examples/wasm-extism-go
package main

import (
	"encoding/json"

	"github.com/extism/go-pdk"
)

type document struct {
	User    map[string]any `json:"user"`
	Context map[string]any `json:"context"`
}

//go:wasmexport rule
func rule() int32 {
	var d document
	if err := json.Unmarshal(pdk.Input(), &d); err != nil {
		pdk.SetErrorString("the input: " + err.Error())
		return 1
	}
	plan, _ := pdk.GetConfig("DEFAULT_PLAN") // configuration.DEFAULT_PLAN
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
	pdk.Log(pdk.LogInfo, "plan set")
	out, err := json.Marshal(d)
	if err != nil {
		pdk.SetError(err)
		return 1
	}
	pdk.Output(out)
	return 0
}

func main() {}
