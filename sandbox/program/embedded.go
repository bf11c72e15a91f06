//go:build workerprogram

package program

import _ "embed"

//go:embed dist/worker.gz
var compressed []byte
