'use strict';
// The classes of node-fetch 2. A body from the network is a Node stream only if
// the script asks for it as one.
const http = require('internal/compat/exchange');
const web = require('internal/headers').Headers;

function FetchError(message, type, cause) {
  this.message = message;
  this.type = type;
  if (cause) this.code = this.errno = cause.code;
  if (cause && cause.hint) Object.defineProperty(this, 'hint', { value: cause.hint });
  Object.defineProperty(this, 'stack', { value: String(new Error(message).stack), writable: true, configurable: true });
}
FetchError.prototype = Object.create(Error.prototype, { constructor: { value: FetchError, writable: true, configurable: true }, name: { value: 'FetchError' } });
function AbortError(message) {
  this.type = 'aborted';
  this.message = message;
  Object.defineProperty(this, 'stack', { value: String(new Error(message).stack), writable: true, configurable: true });
}
AbortError.prototype = Object.create(Error.prototype, { constructor: { value: AbortError, writable: true, configurable: true }, name: { value: 'AbortError' } });

class Headers extends web {
  constructor(init) { super(init === null ? undefined : init); }
  raw() {
    const out = {};
    for (const k of this.keys()) out[k] = k === 'set-cookie' ? this.getSetCookie() : this.get(k).split(', ');
    return out;
  }
}

const kBody = Symbol('body');

// A Body's state is one of: bytes (a Buffer or a Promise of one), an exchange, a
// stream.
class Body {
  constructor(body, o) {
    const s = { bytes: null, exchange: o.exchange || null, empty: !!o.empty, stream: null, used: false, error: null };
    if (body !== null && body !== undefined) {
      const b = require('internal/body').extract(body);
      this._type = b.type;
      if (b.stream !== undefined) s.stream = body;
      else s.bytes = typeof b.data === 'string' ? Buffer.from(b.data) : Promise.resolve(b.data).then((v) => http.wrap(v));
    }
    Object.defineProperty(this, kBody, { value: s });
    this.size = o.size || 0;
    this.timeout = o.timeout || 0;
  }
  get bodyUsed() { return this[kBody].used; }
  get body() {
    const s = this[kBody];
    if (s.stream) return s.stream;
    if (s.exchange) s.stream = require('internal/compat/axios_more').stream(s.exchange, s.empty, http.wrap);
    else if (s.bytes) s.stream = new (require('stream').Readable)({ read() { Promise.resolve(s.bytes).then((b) => { this.push(b); this.push(null); }, (err) => this.destroy(err)); } });
    return s.stream;
  }
  arrayBuffer() { return read(this).then((b) => b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength)); }
  blob() { return read(this).then((b) => new Blob([b], { type: (this.headers.get('content-type') || '').toLowerCase() })); }
  text() { return read(this).then((b) => b.toString()); }
  textConverted() { return this.text(); }
  buffer() { return read(this); }
  json() {
    return this.text().then((s) => {
      try { return JSON.parse(s); } catch (err) {
        throw new FetchError(`invalid json response body at ${this.url} reason: ${err.message}`, 'invalid-json');
      }
    });
  }
  _abort(err) { this[kBody].error = err; }
}

// read gives the whole body as a Buffer, once.
function read(o) {
  const s = o[kBody];
  if (s.used) return Promise.reject(new TypeError(`body used already for: ${o.url}`));
  s.used = true;
  if (s.error) return Promise.reject(s.error);
  let timer = null;
  const late = o.timeout > 0 && (s.exchange || s.stream) ? new Promise((_, no) => {
    timer = setTimeout(() => {
      if (s.exchange) s.exchange.abort();
      no(new FetchError(`Response timeout while trying to fetch ${o.url} (over ${o.timeout}ms)`, 'body-timeout'));
    }, o.timeout);
  }) : null;
  const whole = all(s).then((b) => {
    if (o.size && b.length > o.size) throw new FetchError(`content size at ${o.url} over limit: ${o.size}`, 'max-size');
    return b;
  }, (err) => { throw s.error || (err instanceof FetchError ? err : new FetchError(`Invalid response body while trying to fetch ${o.url}: ${err.message}`, 'system', err)); });
  if (!late) return whole;
  return Promise.race([whole, late]).finally(() => clearTimeout(timer));
}

function all(s) {
  if (s.stream) return Promise.resolve(require('internal/body').extract(s.stream).data).then(http.wrap);
  if (s.bytes) return Promise.resolve(s.bytes);
  if (s.exchange && !s.empty) return s.exchange.bytes().then(http.wrap);
  return Promise.resolve(Buffer.alloc(0));
}

// fork gives a body that reads the same as the one of o.
function fork(o) {
  const s = o[kBody];
  if (s.used) throw new Error('cannot clone body after it is used');
  if (s.stream) throw new Error('cannot clone a body that is read as a stream');
  if (s.exchange) {
    const p = all(s);
    p.catch(() => {});
    s.bytes = p;
    s.exchange = null;
  }
  return s.bytes;
}

class Response extends Body {
  constructor(body, init) {
    const o = init || {};
    super(body, o);
    this._status = o.status === undefined ? 200 : o.status;
    const headers = o.headers instanceof Headers && o.exchange ? o.headers : new Headers(o.headers);
    if (this._type && !headers.has('content-type')) headers.append('Content-Type', this._type);
    const hide = (name, value) => Object.defineProperty(this, name, { value, writable: true, configurable: true });
    hide('_headers', headers);
    hide('_status', this._status);
    hide('_text', o.statusText || '');
    hide('_url', o.url || '');
    hide('_counter', o.counter || 0);
    hide('_type', this._type);
  }
  get url() { return this._url; }
  get status() { return this._status; }
  get ok() { return this._status >= 200 && this._status < 300; }
  get redirected() { return this._counter > 0; }
  get statusText() { return this._text; }
  get headers() { return this._headers; }
  clone() {
    const bytes = fork(this);
    const r = new Response(null, { url: this.url, status: this.status, statusText: this.statusText, headers: this.headers, counter: this._counter, size: this.size, timeout: this.timeout });
    r[kBody].bytes = bytes;
    return r;
  }
  get [Symbol.toStringTag]() { return 'Response'; }
}

class Request extends Body {
  constructor(input, init) {
    const from = typeof input === 'object' && input !== null && typeof input.href !== 'string' && typeof input.url === 'string' ? input : null;
    const o = init || {};
    super(o.body !== undefined ? o.body : null, {});
    if (from && o.body === undefined && from[kBody]) this[kBody].bytes = fork(from);
    const text = from ? from.url : typeof input === 'object' && input !== null ? input.href : String(input);
    if (!/^[a-z][a-z\d+\-.]*:/i.test(text)) throw new TypeError('Only absolute URLs are supported');
    const hide = (name, value) => Object.defineProperty(this, name, { value, writable: true, configurable: true });
    hide('_url', new URL(text).href);
    hide('_method', String(o.method || from && from.method || 'GET').toUpperCase());
    hide('_headers', new Headers(o.headers !== undefined ? o.headers : from ? from.headers : undefined));
    if (this._type && !this._headers.has('content-type')) this._headers.append('Content-Type', this._type);
    hide('_type', this._type);
    hide('_redirect', o.redirect || from && from.redirect || 'follow');
    hide('_signal', o.signal || from && from.signal || null);
    for (const k of ['follow', 'timeout', 'compress', 'size', 'agent']) {
      const v = o[k] !== undefined ? o[k] : from ? from[k] : undefined;
      if (v !== undefined) this[k] = v;
    }
  }
  get method() { return this._method; }
  get url() { return this._url; }
  get headers() { return this._headers; }
  get redirect() { return this._redirect; }
  get signal() { return this._signal; }
  clone() { return new Request(this); }
  get [Symbol.toStringTag]() { return 'Request'; }
}

module.exports = { Headers, Request, Response, FetchError, AbortError };
