// Package exchange holds tests in which the network packages that scripts
// require talk to real peers on loopback: servers written for the test that check
// what they are sent, and Debian's slapd. Every exchange runs in the in-process
// runner and in a jailed worker whose chain was granted the peer's address.
package exchange
