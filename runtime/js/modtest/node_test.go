package modtest

import "testing"

// TestNode runs the cases for Node.js built-ins. Their expectations also hold in
// Node itself.
func TestNode(t *testing.T) { Cases(t, "testdata/node_*.txtar") }
