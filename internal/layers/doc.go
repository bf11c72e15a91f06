// Package layers holds the tests of the project's structure.
package layers
