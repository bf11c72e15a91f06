'use strict';
// http and https share internal/http; what only describes the protocol is here.
const METHODS = 'ACL BIND CHECKOUT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE'.split(' ');
const I = () => require('internal/http');

module.exports = {
  METHODS,
  get STATUS_CODES() { return require('internal/http_codes'); },
  request: (url, options, callback) => I().request('http:', url, options, callback),
  get: (url, options, callback) => I().get('http:', url, options, callback),
  get globalAgent() { return I().globalAgents['http:']; },
  set globalAgent(a) { I().globalAgents['http:'] = a; },
  get Agent() { return I().Agent; },
  get ClientRequest() { return I().ClientRequest; },
  get IncomingMessage() { return I().IncomingMessage; },
  get OutgoingMessage() { return I().OutgoingMessage; },
  get ServerResponse() { return I().ServerResponse; },
  get Server() { return I().Server; },
  createServer: () => new (I().Server)(),
  validateHeaderName: (name) => I().validateHeaderName(name),
  validateHeaderValue: (name, value) => I().validateHeaderValue(name, value),
  setMaxIdleHTTPParsers() {},
  maxHeaderSize: 262144,
};
