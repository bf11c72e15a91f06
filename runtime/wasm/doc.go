// Package wasm runs customers' WebAssembly on wazero, under two ABIs: a WASI
// command, which reads a JSON document on standard input and writes one to
// standard output, and an Extism plug-in, which asks the host for input and
// output by functions of the module extism:host/env. doc/wasm-abi.md has the
// bytes.
//
// A module gets a fresh instance for each run. It has no files, no sockets and no
// clock but the one it is given. A run is not interruptible: code between two
// host calls runs until it ends or the process does. Callers are in a jailed
// process that is killed at its deadline. Compiling is not interruptible either,
// and small modules can make it run for ever or take all memory: Inspect refuses
// the crudest of them, the jail of a compile worker contains the rest.
package wasm
