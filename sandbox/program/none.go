//go:build !workerprogram

package program

var compressed []byte
