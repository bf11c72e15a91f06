'use strict';
// The client side of http and https. A request's body is sent when it is
// complete; a response's body streams.
const EventEmitter = require('events');
const { Readable, Writable } = require('stream');

const coded = (Class, code, message) => Object.assign(new Class(message), { code });
const invalid = (name, want, v) => require('internal/errors').invalidType(name, want, v);
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function validateHeaderName(name) {
  if (typeof name !== 'string' || !token.test(name)) throw coded(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Header name must be a valid HTTP token ["${name}"]`);
}
function validateHeaderValue(name, value) {
  if (value === undefined) throw coded(TypeError, 'ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "undefined" for header "${name}"`);
  if (/[^\t\x20-\x7e\x80-\xff]/.test(String(value))) throw coded(TypeError, 'ERR_INVALID_CHAR', `Invalid character in header content ["${name}"]`);
}

// An Agent is accepted for its options: connections are pooled by the host for
// all requests, and kept alive.
class Agent extends EventEmitter {
  constructor(options) {
    super();
    this.options = Object.assign({ noDelay: true, path: null }, options);
    this.defaultPort = this.options.defaultPort || 80;
    this.protocol = this.options.protocol || 'http:';
    this.requests = {};
    this.sockets = {};
    this.freeSockets = {};
    this.keepAlive = !!this.options.keepAlive;
    this.keepAliveMsecs = this.options.keepAliveMsecs || 1000;
    this.maxSockets = this.options.maxSockets || Infinity;
    this.maxFreeSockets = this.options.maxFreeSockets || 256;
    this.maxTotalSockets = this.options.maxTotalSockets || Infinity;
  }
  getName(o) { return `${(o && o.host) || 'localhost'}:${(o && o.port) || ''}:${(o && o.localAddress) || ''}`; }
  destroy() {}
  createConnection() { throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'Agent.createConnection is not available here: connections are made by the host'); }
}
class SecureAgent extends Agent {
  constructor(options) {
    super(Object.assign({ defaultPort: 443, protocol: 'https:' }, options));
    this.maxCachedSessions = this.options.maxCachedSessions === undefined ? 100 : this.options.maxCachedSessions;
  }
}
const globalAgents = { 'http:': new Agent({ keepAlive: true }), 'https:': new SecureAgent({ keepAlive: true }) };

// A Socket stands for a connection that scripts do not hold themselves.
class Socket extends EventEmitter {
  constructor(req, secure) {
    super();
    this.connecting = false;
    this.destroyed = false;
    this.writable = this.readable = true;
    if (secure) { this.encrypted = true; this.authorized = req._tls.insecure !== true; }
    Object.defineProperty(this, '_req', { value: req });
  }
  setTimeout(ms, fn) { this._req.setTimeout(ms, fn); return this; }
  setKeepAlive() { return this; }
  setNoDelay() { return this; }
  ref() { return this; }
  unref() { return this; }
  cork() {}
  uncork() {}
  address() { return {}; }
  getPeerCertificate() { return {}; }
  destroy(err) { this.destroyed = true; this._req.destroy(err); return this; }
}

class IncomingMessage extends Readable {
  constructor(socket) {
    super();
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
  get headersDistinct() {
    const out = {};
    for (let i = 0; i < this.rawHeaders.length; i += 2) {
      const k = this.rawHeaders[i].toLowerCase();
      (out[k] || (out[k] = [])).push(this.rawHeaders[i + 1]);
    }
    return out;
  }
  setTimeout(ms, fn) { if (this.req) this.req.setTimeout(ms, fn); return this; }
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
  }
  _done() {
    if (this.complete) return;
    this.complete = true;
    this.push(null);
    if (this.req) this.req._finished();
  }
  _destroy(err, done) {
    if (!this.complete && this._h >= 0) native.abort(this._h);
    done(err);
    if (this.req) this.req._finished();
  }
}

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

// fromURL is url.urlToHttpOptions.
function fromURL(u) {
  const o = { protocol: u.protocol, hostname: u.hostname.replace(/^\[|\]$/g, ''), hash: u.hash, search: u.search, pathname: u.pathname, path: u.pathname + u.search, href: u.href };
  if (u.port !== '') o.port = Number(u.port);
  if (u.username || u.password) o.auth = `${decodeURIComponent(u.username)}:${decodeURIComponent(u.password)}`;
  return o;
}

const isURL = (v) => typeof v === 'object' && v !== null && typeof v.href === 'string' && typeof v.protocol === 'string' && typeof v.pathname === 'string' && v.searchParams !== undefined;

function optionsOf(input, options, callback) {
  if (typeof input === 'string') {
    let u;
    try { u = new URL(input); } catch (err) { throw Object.assign(coded(TypeError, 'ERR_INVALID_URL', 'Invalid URL'), { input }); }
    input = fromURL(u);
  } else if (isURL(input)) {
    input = fromURL(input);
  } else {
    callback = options;
    options = input;
    input = null;
  }
  if (typeof options === 'function') { callback = options; options = null; }
  return [Object.assign({}, input, options), callback];
}

const pem = (v) => (v === undefined || v === null ? undefined : Array.isArray(v) ? v.map(pem).join('\n') : typeof v === 'string' ? v : typeof v === 'object' && v.pem !== undefined ? pem(v.pem) : Buffer.from(v.buffer || v, v.byteOffset, v.byteLength).toString());

function tlsOf(o) {
  const a = (o.agent && o.agent.options) || {};
  const pick = (k) => (o[k] !== undefined ? o[k] : a[k]);
  if (pick('pfx') !== undefined) throw coded(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'option pfx is not available here: give `cert` and `key` in PEM');
  const tls = {};
  if (pick('rejectUnauthorized') === false) tls.insecure = true;
  if (pick('servername')) tls.servername = String(pick('servername'));
  for (const k of ['ca', 'cert', 'key']) { const v = pem(pick(k)); if (v) tls[k] = v; }
  return tls;
}

class ClientRequest extends Writable {
  constructor(scheme, input, options, callback) {
    super({ autoDestroy: false, emitClose: false, decodeStrings: true });
    const [o, cb] = optionsOf(input, options, callback);
    const agent = o.agent || (o.agent === false ? null : globalAgents[scheme]);
    if (agent && (typeof agent.callback === 'function' || typeof agent.connect === 'function')) {
      throw coded(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'a proxy agent cannot be used here: connections are made by the host, which has its own proxy setting (--egress-proxy)');
    }
    const expected = agent && agent.protocol || scheme;
    const protocol = o.protocol || expected;
    if (protocol !== expected && protocol !== scheme) throw coded(TypeError, 'ERR_INVALID_PROTOCOL', `Protocol "${protocol}" not supported. Expected "${expected}"`);
    if (o.socketPath) throw coded(Error, 'EFORBIDDEN', 'option socketPath is not available here: there are no local sockets');
    for (const k of ['hostname', 'host']) if (o[k] !== undefined && o[k] !== null && typeof o[k] !== 'string') throw invalid('options.' + k, 'of type string or one of undefined or null', o[k]);
    this.path = o.path === undefined || o.path === null || o.path === '' ? '/' : String(o.path);
    if (/[\x00-\x20]/.test(this.path)) throw coded(TypeError, 'ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters');
    this.method = o.method === undefined || o.method === null ? 'GET' : o.method;
    if (typeof this.method !== 'string') throw invalid('options.method', 'of type string', o.method);
    if (!token.test(this.method)) throw coded(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Method must be a valid HTTP token ["${this.method}"]`);
    this.method = this.method.toUpperCase();
    this.host = o.hostname || o.host || 'localhost';
    this.protocol = protocol;
    this.agent = agent;
    const dflt = protocol === 'https:' ? 443 : 80;
    const port = Number(o.port || o.defaultPort || dflt);
    if (!(Number.isInteger(port) && port > 0 && port < 65536)) throw coded(RangeError, 'ERR_SOCKET_BAD_PORT', `Port should be > 0 and < 65536. Received ${String(o.port)}.`);
    const host = this.host.includes(':') && this.host[0] !== '[' ? `[${this.host}]` : this.host;
    this.aborted = false;
    this.reusedSocket = false;
    this.maxHeadersCount = null;
    this.res = null;
    this.socket = this.connection = null;
    const hide = (name, value) => Object.defineProperty(this, name, { value, writable: true });
    hide('_url', `${protocol}//${host}${port === dflt ? '' : ':' + port}${this.path[0] === '/' || this.path[0] === '?' ? '' : '/'}${this.path}`);
    hide('_tls', protocol === 'https:' ? tlsOf(Object.assign({}, o, { agent })) : {});
    hide('_names', new Map());
    hide('_chunks', []);
    hide('_h', -1);
    hide('_ended', false);
    hide('_idle', null);
    hide('_ms', 0);
    hide('headersSent', false);
    this._setHeaders(o);
    if (typeof cb === 'function') this.once('response', cb);
    if (o.timeout) this.setTimeout(o.timeout);
    if (o.signal) this._watch(o.signal);
    this.socket = this.connection = new Socket(this, protocol === 'https:');
    setImmediate(() => { if (!this.destroyed) this.emit('socket', this.socket); });
  }
  _setHeaders(o) {
    if (Array.isArray(o.headers)) {
      const flat = Array.isArray(o.headers[0]) ? [].concat(...o.headers) : o.headers;
      for (let i = 0; i + 1 < flat.length; i += 2) this.appendHeader(flat[i], flat[i + 1]);
    } else if (o.headers) {
      for (const k of Object.keys(o.headers)) this.setHeader(k, o.headers[k]);
    }
    if (o.auth && !this.hasHeader('authorization')) this.setHeader('Authorization', 'Basic ' + Buffer.from(String(o.auth)).toString('base64'));
  }
  _watch(signal) {
    const stop = () => this.destroy(Object.assign(coded(Error, 'ABORT_ERR', 'The operation was aborted'), { name: 'AbortError' }));
    if (signal.aborted) setImmediate(stop);
    else signal.addEventListener('abort', stop, { once: true });
  }
  setHeader(name, value) {
    if (this.headersSent) throw coded(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot set headers after they are sent to the client');
    validateHeaderName(name);
    for (const v of Array.isArray(value) ? value : [value]) validateHeaderValue(name, v);
    this._names.set(name.toLowerCase(), [name, value]);
    return this;
  }
  setHeaders(headers) { for (const [k, v] of headers) this.setHeader(k, v); return this; }
  appendHeader(name, value) {
    const old = this.getHeader(name);
    return this.setHeader(name, old === undefined ? value : [].concat(old, value));
  }
  getHeader(name) { const e = this._names.get(String(name).toLowerCase()); return e && e[1]; }
  getHeaders() { const out = Object.create(null); for (const [k, e] of this._names) out[k] = e[1]; return out; }
  getHeaderNames() { return Array.from(this._names.keys()); }
  getRawHeaderNames() { return Array.from(this._names.values(), (e) => e[0]); }
  hasHeader(name) { return this._names.has(String(name).toLowerCase()); }
  removeHeader(name) { this._names.delete(String(name).toLowerCase()); }
  flushHeaders() {}
  setNoDelay() {}
  setSocketKeepAlive() {}
  addTrailers() { throw coded(Error, 'ERR_HTTP_TRAILER_INVALID', 'trailers cannot be sent from here'); }
  get finished() { return this._ended; }
  setTimeout(ms, fn) {
    if (typeof fn === 'function') this.once('timeout', fn);
    this.timeout = this._ms = Number(ms) || 0;
    this._active();
    return this;
  }
  // _active says that the connection did something: the idle time starts anew.
  _active() {
    if (this._idle) clearTimeout(this._idle);
    this._idle = null;
    if (this._ms > 0 && !this._over) this._idle = setTimeout(() => { this._idle = null; this.emit('timeout'); }, this._ms);
  }
  _write(chunk, encoding, done) {
    this._chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
    done();
  }
  end(chunk, encoding, callback) {
    this._ended = true;
    return super.end(chunk, encoding, callback);
  }
  _final(done) {
    this._send();
    done();
  }
  _send() {
    if (this.destroyed || this.headersSent) return;
    this.headersSent = true;
    const flat = [];
    for (const [name, value] of this._names.values()) {
      for (const v of Array.isArray(value) ? value : [value]) flat.push(name, String(v));
    }
    const body = this._chunks.length ? Buffer.concat(this._chunks) : /^(POST|PUT|PATCH)$/.test(this.method) ? new Uint8Array(0) : null;
    this._chunks = [];
    this._h = native.open();
    let p;
    try { p = native.send(this._h, this.method, this._url, flat, body, Object.assign({ redirects: 0 }, this._tls)); } catch (err) { p = Promise.reject(err); }
    p.then((m) => this._respond(m), (err) => { if (!this.destroyed) this.destroy(err); });
  }
  _respond(m) {
    if (this.destroyed) return;
    this._active();
    const res = new IncomingMessage(this.socket);
    res._h = this._h;
    res.statusCode = m.status;
    res.statusMessage = m.statusText;
    res.rawHeaders = m.headers;
    res.headers = joined(m.headers);
    res.httpVersion = m.version;
    res.httpVersionMinor = Number(m.version.slice(2));
    res.req = this;
    this.res = res;
    if (!this.emit('response', res)) res.resume();
  }
  _finished() {
    if (this._over) return;
    Object.defineProperty(this, '_over', { value: true });
    this._active();
    setImmediate(() => this.emit('close'));
  }
  abort() {
    if (this.aborted) return;
    this.aborted = true;
    setImmediate(() => this.emit('abort'));
    this.destroy();
  }
  _destroy(err, done) {
    if (this._h >= 0) native.abort(this._h);
    const res = this.res;
    if (!err && !res) err = coded(Error, 'ECONNRESET', 'socket hang up');
    done(res ? null : err);
    if (res && !res.complete) {
      res.aborted = true;
      res.emit('aborted');
      res.destroy(err || coded(Error, 'ECONNRESET', 'aborted'));
    }
    this._finished();
  }
}

class Server {
  constructor() { throw coded(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'a server cannot be made here: a script answers its login and listens to nothing'); }
}
class OutgoingMessage extends Writable {}
class ServerResponse extends OutgoingMessage {}

function request(scheme, url, options, callback) { return new ClientRequest(scheme, url, options, callback); }
function get(scheme, url, options, callback) {
  const r = request(scheme, url, options, callback);
  r.end();
  return r;
}

module.exports = { request, get, globalAgents, Agent, SecureAgent, ClientRequest, IncomingMessage, OutgoingMessage, ServerResponse, Server, validateHeaderName, validateHeaderValue };
