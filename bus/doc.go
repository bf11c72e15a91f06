// Package bus carries invocations over NATS: Serve answers them with an Invoker,
// Client is one, and Server is the embedded NATS server with its credentials.
//
// # Protocol, version 1
//
// A request goes to rulebox.v1.<tenant>.<trigger>, where the trigger is login, one
// of actions' (post-login, …), hook.<point> or db.<connection>.<operation>. Its
// body is a JSON object, by trigger one of
//
//	{"id":"optional, at most 128 visible ASCII characters","user":{…},"context":{…},"event":{…}}
//	{"id":"…","event":{…}}
//	{"id":"…","args":[…]}
//
// In the first, event may be left out. A chain that was suspended goes on with a
// member state; see doc/protocol.md.
//
// The reply's body is an outcome (see rulebox.AppendOutcome). Headers, all
// optional:
//
//	Rulebox-Remaining-Ms  request  time the caller still has, in milliseconds; the
//	                               deadline travels as remaining time because
//	                               clocks differ
//	Rulebox-Code          reply    the error's code; absent when there is none
//	Rulebox-Decision      reply    allow, deny, redirect, suspend or fault
//	traceparent           both     W3C trace context, returned as it came
//
// No node at all is NATS's own "503 no responders". Only the code unavailable is
// safe to send again.
//
// # A NATS server of your own
//
// The embedded server gives every credential an account of its own. On another
// NATS server the same is reached by giving nodes an account with JetStream that
// exports the service rulebox.v1.>, and each transaction server an account that
// imports rulebox.v1.<tenant>.> from it, with these permissions:
//
//	node                 subscribe: rulebox.v1.>, _INBOX.>
//	                     publish:   _INBOX.>, _R_.>, $JS.API.>, $JS.ACK.>, $KV.>, $O.>
//	transaction server   subscribe: _INBOX.>
//	                     publish:   rulebox.v1.<tenant>.> for each of its tenants
//
// Its max_payload should be 4 MiB, so that values and logs at their default limits
// fit into one answer. NATS forgets the way back to another account after the
// export's response threshold, 2 minutes by default (the embedded server: 10):
// logins must be shorter.
//
// Without accounts, in one shared account, any client can read the answers to
// all others in _INBOX.>: give each a prefix of its own then.
package bus
