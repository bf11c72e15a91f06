'use strict';
// What goes out and what comes in, without how.
const { Readable, Writable } = require('stream');
const coded = (Class, code, message) => Object.assign(new Class(message), { code });
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function validateHeaderName(name) {
  if (typeof name !== 'string' || !token.test(name)) throw coded(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Header name must be a valid HTTP token ["${name}"]`);
}
function validateHeaderValue(name, value) {
  if (value === undefined) throw coded(TypeError, 'ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "undefined" for header "${name}"`);
  if (/[^\t\x20-\x7e\x80-\xff]/.test(String(value))) throw coded(TypeError, 'ERR_INVALID_CHAR', `Invalid character in header content ["${name}"]`);
}
const define = (C, methods) => { for (const k of Object.keys(methods)) Object.defineProperty(C.prototype, k, { value: methods[k], writable: true, configurable: true }); };

function OutgoingMessage() {
  if (!(this instanceof OutgoingMessage)) return new OutgoingMessage();
  Writable.call(this, { autoDestroy: false, emitClose: false, decodeStrings: true });
  const hide = (name, value) => Object.defineProperty(this, name, { value, writable: true, configurable: true });
  hide('_names', new Map());
  hide('_trailers', []);
  hide('headersSent', false);
  hide('_ended', false);
  this.sendDate = false;
  this.shouldKeepAlive = true;
  this.maxRequestsOnConnectionReached = false;
}
Object.setPrototypeOf(OutgoingMessage.prototype, Writable.prototype);
Object.setPrototypeOf(OutgoingMessage, Writable);
define(OutgoingMessage, {
  setHeader(name, value) {
    if (this.headersSent) throw coded(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot set headers after they are sent to the client');
    validateHeaderName(name);
    for (const v of Array.isArray(value) ? value : [value]) validateHeaderValue(name, v);
    this._names.set(name.toLowerCase(), [name, value]);
    return this;
  },
  setHeaders(headers) { for (const [k, v] of headers) this.setHeader(k, v); return this; },
  appendHeader(name, value) {
    const old = this.getHeader(name);
    return this.setHeader(name, old === undefined ? value : [].concat(old, value));
  },
  getHeader(name) {
    if (typeof name !== 'string') throw require('internal/errors').invalidType('name', 'of type string', name);
    const e = this._names.get(name.toLowerCase());
    return e && e[1];
  },
  getHeaders() { const out = Object.create(null); for (const [k, e] of this._names) out[k] = e[1]; return out; },
  getHeaderNames() { return Array.from(this._names.keys()); },
  getRawHeaderNames() { return Array.from(this._names.values(), (e) => e[0]); },
  hasHeader(name) { return this._names.has(String(name).toLowerCase()); },
  removeHeader(name) {
    if (this.headersSent) throw coded(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot remove headers after they are sent to the client');
    this._names.delete(String(name).toLowerCase());
  },
  flushHeaders() {},
  addTrailers(headers) {
    for (const [k, v] of Array.isArray(headers) ? headers : Object.entries(headers)) {
      validateHeaderName(k);
      validateHeaderValue(k, v);
      this._trailers.push(k, String(v));
    }
  },
  end(chunk, encoding, callback) {
    this._ended = true;
    return Writable.prototype.end.call(this, chunk, encoding, callback);
  },
  _implicitHeader() { throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _implicitHeader() method is not implemented'); },
  // _flat is the headers as natives take them.
  _flat() {
    const flat = [];
    for (const [name, value] of this._names.values()) {
      for (const v of Array.isArray(value) ? value : [value]) flat.push(name, String(v));
    }
    return flat;
  },
});
Object.defineProperty(OutgoingMessage.prototype, 'finished', { get() { return this._ended; }, set() {}, configurable: true });
Object.defineProperty(OutgoingMessage.prototype, '_headers', { get() { return this.getHeaders(); }, configurable: true });
Object.defineProperty(OutgoingMessage.prototype, '_headerNames', { get() { return Object.fromEntries(Array.from(this._names, ([k, e]) => [k, e[0]])); }, configurable: true });

function ServerResponse(req) {
  if (!(this instanceof ServerResponse)) return new ServerResponse(req);
  OutgoingMessage.call(this);
  this.req = req;
  this.statusCode = 200;
  this.statusMessage = undefined;
}
Object.setPrototypeOf(ServerResponse.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ServerResponse, OutgoingMessage);

function IncomingMessage(socket) {
  if (!(this instanceof IncomingMessage)) return new IncomingMessage(socket);
  Readable.call(this);
  this.socket = this.connection = socket || null;
  this.headers = {};
  this.rawHeaders = [];
  this.trailers = {};
  this.rawTrailers = [];
  this.httpVersion = '1.1';
  this.httpVersionMajor = this.httpVersionMinor = 1;
  this.statusCode = this.statusMessage = null;
  this.method = this.url = null;
  this.complete = false;
  this.aborted = false;
  Object.defineProperty(this, '_h', { value: -1, writable: true });
}
Object.setPrototypeOf(IncomingMessage.prototype, Readable.prototype);
Object.setPrototypeOf(IncomingMessage, Readable);
define(IncomingMessage, {
  setTimeout(ms, fn) { if (this.req) this.req.setTimeout(ms, fn); return this; },
  _read() {
    if (this._h < 0) { this._done(); return; }
    native.read(this._h).then((chunk) => {
      if (this.destroyed) return;
      if (this.req) this.req._active();
      if (chunk === null) this._done();
      else this.push(require('internal/crypto/output')(chunk));
    }, (err) => {
      if (this.destroyed) return;
      this.aborted = true;
      if (err.message === 'socket hang up') err.message = 'aborted';
      this.emit('aborted');
      this.destroy(err);
    });
  },
  _done() {
    if (this.complete) return;
    this.complete = true;
    if (this._h >= 0) {
      this.rawTrailers = native.trailers(this._h);
      if (this.rawTrailers.length) this.trailers = joined(this.rawTrailers);
    }
    this.push(null);
    if (this.req) this.req._finished();
  },
  _destroy(err, done) {
    if (!this.complete && this._h >= 0) native.abort(this._h);
    done(err);
    if (this.req) this.req._finished();
  },
});
const distinct = (raw) => {
  const out = {};
  for (let i = 0; i < raw.length; i += 2) {
    const k = raw[i].toLowerCase();
    (out[k] || (out[k] = [])).push(raw[i + 1]);
  }
  return out;
};
Object.defineProperty(IncomingMessage.prototype, 'headersDistinct', { get() { return distinct(this.rawHeaders); }, configurable: true });
Object.defineProperty(IncomingMessage.prototype, 'trailersDistinct', { get() { return distinct(this.rawTrailers); }, configurable: true });

// joined gives the headers as Node shows them: lower case, one value a name.
const single = new Set('age authorization content-length content-type etag expires from host if-modified-since if-unmodified-since last-modified location max-forwards proxy-authorization referer retry-after server user-agent'.split(' '));
function joined(raw) {
  const out = {};
  for (let i = 0; i < raw.length; i += 2) {
    const k = raw[i].toLowerCase(), v = raw[i + 1];
    if (k === 'set-cookie') { if (out[k]) out[k].push(v); else out[k] = [v]; } else if (out[k] === undefined) out[k] = v;
    else if (!single.has(k)) out[k] += (k === 'cookie' ? '; ' : ', ') + v;
  }
  return out;
}

// serverOf is the name in a Host header; '' for an address, which is sent to no server.
function serverOf(host) {
  const name = String(host).split(':', 1)[0];
  return name[0] === '[' || require('net').isIP(name) ? '' : name;
}

module.exports = { serverOf, OutgoingMessage, ServerResponse, IncomingMessage, validateHeaderName, validateHeaderValue, joined, coded, token, define };
