'use strict';
// The client side of http and https. A request's body is sent when it is
// complete, unless the request needs it otherwise; a response's body streams.
const EventEmitter = require('events');
const { OutgoingMessage, ServerResponse, IncomingMessage, validateHeaderName, validateHeaderValue, joined, coded, token, define, serverOf } = require('internal/http_message');
const { Agent, SecureAgent, globalAgents, isPlain } = require('internal/http_agent');
const special = () => require('internal/http_socket');
const invalid = (name, want, v) => require('internal/errors').invalidType(name, want, v);

// A HostSocket stands for a connection that scripts do not hold themselves.
class HostSocket extends EventEmitter {
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
  getPeerCertificate() { return special().peerOf(this._req); }
  destroy(err) { this.destroyed = true; this._req.destroy(err); return this; }
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

function tlsOf(pick) {
  if (pick('pfx') !== undefined) throw coded(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'option pfx is not available here: give `cert` and `key` in PEM');
  const tls = {};
  if (pick('rejectUnauthorized') === false) tls.insecure = true;
  if (pick('servername')) tls.servername = String(pick('servername'));
  for (const k of ['ca', 'cert', 'key']) { const v = pem(pick(k)); if (v) tls[k] = v; }
  return tls;
}
// ownTLS are options that the shared connections do not have: the request gets a
// socket of its own.
const ownTLS = ['checkServerIdentity', 'minVersion', 'maxVersion', 'secureProtocol', 'passphrase', 'secureContext', 'ALPNProtocols'];

function ClientRequest(input, options, callback, scheme) {
  if (!(this instanceof ClientRequest)) return new ClientRequest(input, options, callback, scheme);
  OutgoingMessage.call(this);
  const [o, cb] = optionsOf(input, options, callback);
  scheme = scheme || 'http:';
  const agent = o.agent || (o.agent === false ? null : globalAgents[scheme]);
  if (agent && typeof agent.addRequest !== 'function') throw invalid('options.agent', 'an Agent-like Object, undefined, or false', agent);
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
  const port = Number(o.port || o.defaultPort || agent && agent.defaultPort || dflt);
  if (!(Number.isInteger(port) && port > 0 && port < 65536)) throw coded(RangeError, 'ERR_SOCKET_BAD_PORT', `Port should be > 0 and < 65536. Received ${String(o.port)}.`);
  const host = this.host.includes(':') && this.host[0] !== '[' ? `[${this.host}]` : this.host;
  this.aborted = false;
  this.reusedSocket = false;
  this.maxHeadersCount = null;
  this.res = null;
  this.socket = this.connection = null;
  const hide = (name, value) => Object.defineProperty(this, name, { value, writable: true, configurable: true });
  const origin = `${protocol}//${host}${port === dflt ? '' : ':' + port}`;
  hide('_url', origin + (this.method === 'CONNECT' ? '/' : `${this.path[0] === '/' || this.path[0] === '?' ? '' : '/'}${this.path}`));
  const inherited = (agent && agent.options) || {};
  const pick = (k) => (o[k] !== undefined ? o[k] : inherited[k]);
  hide('_tls', protocol === 'https:' ? tlsOf(pick) : {});
  hide('_origin', origin);
  hide('_chunks', []);
  hide('_h', -1);
  hide('_idle', null);
  hide('_ms', 0);
  hide('_over', false);
  hide('_ready', null); // called when it is known over which connection to send
  hide('_via', null); // the script's own socket, once it is there
  hide('_streams', false); // the body is sent while it is written
  hide('_go', null); // the first _write or the end of a streamed request waits for it
  this._setHeaders(o, host + (port === dflt ? '' : ':' + port));
  if (protocol === 'https:' && !this._tls.servername && this._names.has('host')) {
    const servername = serverOf(this.getHeader('host')); // the Host header names the server, also to TLS
    if (servername && servername !== this.host) this._tls.servername = servername;
  }
  if (typeof cb === 'function') this.once('response', cb);
  if (o.timeout !== undefined || inherited.timeout !== undefined && agent !== globalAgents[scheme]) this.setTimeout(o.timeout !== undefined ? o.timeout : inherited.timeout);
  if (o.signal) this._watch(o.signal);
  const own = typeof o.createConnection === 'function' || agent && !isPlain(agent) || protocol === 'https:' && ownTLS.some((k) => pick(k) !== undefined);
  hide('_waits', Boolean(own));
  if (own) special().ask(this, o, agent, port);
  else this._useHost();
  if (this.hasHeader('expect')) this.flushHeaders();
}
Object.setPrototypeOf(ClientRequest.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ClientRequest, OutgoingMessage);

define(ClientRequest, {
  _setHeaders(o, host) {
    if (Array.isArray(o.headers)) {
      const flat = Array.isArray(o.headers[0]) ? [].concat(...o.headers) : o.headers;
      for (let i = 0; i + 1 < flat.length; i += 2) this.appendHeader(flat[i], flat[i + 1]);
    } else if (o.headers) {
      for (const k of Object.keys(o.headers)) this.setHeader(k, o.headers[k]);
    }
    if (o.setHost !== false && !this._names.has('host') && !Array.isArray(o.headers)) this._names.set('host', ['Host', host]);
    if (o.auth && !this.hasHeader('authorization')) this.setHeader('Authorization', 'Basic ' + Buffer.from(String(o.auth)).toString('base64'));
  },
  _watch(signal) {
    const stop = () => this.destroy(Object.assign(coded(Error, 'ABORT_ERR', 'The operation was aborted'), { name: 'AbortError' }));
    if (signal.aborted) setImmediate(stop);
    else signal.addEventListener('abort', stop, { once: true });
  },
  // _useHost sends over the host's connections.
  _useHost() {
    this._waits = false;
    this.socket = this.connection = new HostSocket(this, this.protocol === 'https:');
    setImmediate(() => { if (!this.destroyed) this.emit('socket', this.socket); });
    if (this._ready) this._ready();
  },
  // onSocket is how agents hand a socket over.
  onSocket(socket, err) { special().onSocket(this, socket, err); },
  flushHeaders() {
    const sized = this.hasHeader('content-length') || this.hasHeader('transfer-encoding');
    if (this.headersSent || /^(GET|HEAD|DELETE|OPTIONS|TRACE|CONNECT)$/.test(this.method) && !sized) return;
    this._streams = true;
    this._send();
  },
  setNoDelay() {},
  setSocketKeepAlive() {},
  setTimeout(ms, fn) {
    if (typeof fn === 'function') this.once('timeout', fn);
    this.timeout = this._ms = Number(ms) || 0;
    this._active();
    return this;
  },
  clearTimeout(fn) { if (typeof fn === 'function') this.removeListener('timeout', fn); return this.setTimeout(0); },
  // _active says that the connection did something: the idle time starts anew.
  _active() {
    if (this._via) this._via._active();
    if (this._idle) clearTimeout(this._idle);
    this._idle = null;
    if (this._ms > 0 && !this._over) this._idle = setTimeout(() => { this._idle = null; this.emit('timeout'); }, this._ms);
  },
  _write(chunk, encoding, done) {
    chunk = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
    if (!this._streams && String(this.getHeader('transfer-encoding')).toLowerCase() === 'chunked') this.flushHeaders();
    if (!this._streams) { this._chunks.push(chunk); done(); return; }
    if (this._h < 0) { this._go = () => this._write(chunk, encoding, done); return; }
    this._active();
    native.write(this._h, chunk).then(() => { this._active(); done(); }, (err) => done(err));
  },
  _final(done) {
    if (!this._streams && this._trailers.length && this.hasHeader('trailer')) this.flushHeaders();
    if (!this._streams) { this._send(); done(); return; }
    if (this._h < 0) { this._go = () => this._final(done); return; }
    const last = this._chunks.length ? native.write(this._h, Buffer.concat(this._chunks.splice(0))) : Promise.resolve();
    last.then(() => { native.finish(this._h, this._trailers); done(); }, done);
  },
  _send() {
    if (this.destroyed || this.headersSent) return;
    this.headersSent = true;
    // A script may still listen for what comes before the answer.
    if (this._waits) this._ready = () => this._start();
    else queueMicrotask(() => this._begin());
  },
  _begin() {
    if (this.agent && this.agent._enter) this.agent._enter(this._name = this._origin, () => this._start());
    else this._start();
  },
  _start() {
    this._ready = null;
    if (this.destroyed) { this._finished(); return; }
    const streams = this._streams && !/^(CONNECT)$/.test(this.method);
    const body = streams ? null : this._chunks.length ? Buffer.concat(this._chunks) : /^(POST|PUT|PATCH)$/.test(this.method) ? new Uint8Array(0) : null;
    if (!streams) this._chunks = [];
    const more = special;
    const options = Object.assign({ redirects: 0 }, this._tls);
    const raw = this.method === 'CONNECT' || this._names.has('upgrade');
    const informed = this._names.has('expect') || this.listenerCount('information') > 0 || this.listenerCount('continue') > 0;
    if (streams || raw || informed || this._via) options.stream = more().options(this, streams, raw, informed);
    this._h = native.open();
    let p;
    try { p = native.send(this._h, this.method, this._url, this._flat(), body, options); } catch (err) { p = Promise.reject(err); }
    const heard = informed ? more().listen(this) : null;
    p.then((m) => (heard ? heard.then(() => this._respond(m)) : this._respond(m)), (err) => { if (!this.destroyed) this.destroy(err); });
    if (this._go) { const go = this._go; this._go = null; go(); }
  },
  _respond(m) {
    if (this.destroyed) return;
    this._active();
    const res = new IncomingMessage(this.socket);
    res.statusCode = m.status;
    res.statusMessage = m.statusText;
    res.rawHeaders = m.headers;
    res.headers = joined(m.headers);
    res.httpVersion = m.version;
    res.httpVersionMinor = Number(m.version.slice(2));
    res.req = this;
    this.res = res;
    if (m.status === 101 || this.method === 'CONNECT' && m.status < 300) { special().upgraded(this, res); return; }
    res._h = this._h;
    if (!this.emit('response', res)) res.resume();
  },
  _finished() {
    if (this._over) return;
    this._over = true;
    this._active();
    if (this._name !== undefined) this.agent._leave(this._name);
    if (this._via && !this._via.destroyed) this._via.destroy();
    setImmediate(() => this.emit('close'));
  },
  abort() {
    if (this.aborted) return;
    this.aborted = true;
    setImmediate(() => this.emit('abort'));
    this.destroy();
  },
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
  },
});

function Server() { throw coded(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'a server cannot be made here: a script answers its login and listens to nothing'); }

function request(scheme, url, options, callback) { return new ClientRequest(url, options, callback, scheme); }
function get(scheme, url, options, callback) {
  const r = request(scheme, url, options, callback);
  r.end();
  return r;
}

module.exports = { request, get, globalAgents, Agent, SecureAgent, ClientRequest, IncomingMessage, OutgoingMessage, ServerResponse, Server, validateHeaderName, validateHeaderValue };
