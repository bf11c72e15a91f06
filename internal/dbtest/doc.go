// Package dbtest runs database scripts against real servers: in this process and
// in jailed workers, with the same cases, and against peers that are dead, slow or
// lie. It has tests only.
package dbtest
