// Package testserver starts real servers for tests: PostgreSQL, MariaDB, Redis
// and OpenLDAP's slapd from Debian's packages, each on a free loopback port with
// its data in a folder of its own. They end with the test.
//
// A server that is not installed fails the test, and says how to install it
// (make debian). Only with RULEBOX_NO_SERVERS set in the environment is the test
// skipped instead.
package testserver
