'use strict';
const kBody = Symbol('body');
const kState = Symbol('response state');

// A body is what a Response or Request carries:
//   h       handle of the exchange that it comes from, or -1
//   data    string, bytes or a Promise of either; null if there is none
//   stream  the ReadableStream that `.body` gave out
//   shared  a Promise of all bytes, when clone() made several of one
//   used    it was read
class Body {
  constructor(h, data, signal) {
    this.h = h;
    this.data = data;
    this.signal = signal;
    this.stream = this.shared = null;
    this.used = false;
  }
  get none() { return this.h < 0 && this.data === null && !this.stream && !this.shared; }
  fail(err) {
    if (this.signal && this.signal.aborted) throw this.signal.reason;
    if (err && err.code === 'ERR_RESPONSE_TOO_LARGE') { err.name = 'ResponseExceededMaxSizeError'; err.code = 'UND_ERR_RES_EXCEEDED_MAX_SIZE'; throw err; }
    if (err && (err.code === 'ECONNRESET' || err.code === 'ETIMEDOUT')) {
      const e = new TypeError('terminated');
      e.cause = err;
      throw e;
    }
    throw err;
  }
  // all gives what is left: text, or bytes as a Uint8Array.
  all(text) {
    if (this.used || this.stream && (this.stream.locked || this.stream.disturbed)) {
      return Promise.reject(new TypeError('Body is unusable: Body has already been read'));
    }
    if (this.signal && this.signal.aborted) return Promise.reject(this.signal.reason);
    if (this.none) return Promise.resolve(text ? '' : new Uint8Array(0));
    this.used = true;
    if (this.h >= 0 && !this.shared && !this.stream) {
      return (text ? native.text(this.h) : native.bytes(this.h)).then(undefined, (err) => this.fail(err));
    }
    return this.rest().then((d) => convert(d, text));
  }
  rest() {
    if (this.shared) return this.shared;
    if (this.stream) return require('internal/webstream').collect(this.stream);
    if (this.h >= 0) return native.bytes(this.h).then(undefined, (err) => this.fail(err));
    return Promise.resolve(this.data);
  }
  // take is all() for a request's body that is sent: string, bytes or a Promise.
  take() {
    if (this.none) return null;
    if (this.used) throw new TypeError('Cannot construct a Request with a Request object that has already been used.');
    this.used = true;
    return this.h < 0 && !this.shared && !this.stream ? this.data : this.rest();
  }
  fork() {
    if (this.used || this.stream && (this.stream.locked || this.stream.disturbed)) throw new TypeError('Response.clone: Body has already been consumed.');
    const b = new Body(this.h, this.data, this.signal);
    if (this.h >= 0 || this.stream || this.data && typeof this.data.then === 'function') {
      // Read once, when the first of the clones is read.
      if (!this.shared) {
        const source = new Body(this.h, this.data, this.signal);
        source.stream = this.stream;
        this.shared = later(() => source.rest());
        this.stream = null;
      }
      b.shared = this.shared;
    }
    return b;
  }
  open() {
    if (this.none) return null;
    if (!this.stream) this.stream = require('internal/webstream').ofBody(this, native);
    return this.stream;
  }
}

function later(start) {
  let p = null;
  const get = () => p || (p = start());
  return { then(a, b) { return get().then(a, b); } };
}

function convert(d, text) {
  if (text) return typeof d === 'string' ? d.replace(/^\ufeff/, '') : native.decodeText(d);
  return typeof d === 'string' ? new Uint8Array(require('internal/body').encode(d)) : d;
}

const nullStatus = new Set([101, 103, 204, 205, 304]);

// mixin is what Response and Request share.
class Carrier {
  get body() { return this[kBody].open(); }
  get bodyUsed() { const b = this[kBody]; return b.used || !!(b.stream && b.stream.disturbed); }
  text() { return this[kBody].all(true); }
  json() { return this[kBody].all(true).then(JSON.parse); }
  arrayBuffer() {
    return this[kBody].all(false).then((u) => (u.byteLength === u.buffer.byteLength ? u.buffer : u.buffer.slice(u.byteOffset, u.byteOffset + u.byteLength)));
  }
  bytes() { return this[kBody].all(false).then((u) => new Uint8Array(u.buffer, u.byteOffset, u.byteLength)); }
  blob() {
    const type = (this.headers.get('content-type') || '').toLowerCase();
    return this[kBody].all(false).then((u) => new (require('buffer').Blob)([u], { type }));
  }
  formData() {
    const type = this.headers.get('content-type') || '';
    return this[kBody].all(false).then((u) => require('internal/formdata').parse(u, type));
  }
}

class Response extends Carrier {
  constructor(body, init) {
    super();
    if (init === undefined || init === null) init = {};
    const status = init.status === undefined ? 200 : Number(init.status);
    if (!(status >= 200 && status <= 599)) throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
    const statusText = init.statusText === undefined ? '' : String(init.statusText);
    const headers = new (require('internal/headers').Headers)(init.headers === undefined ? [] : init.headers);
    if (body !== undefined && body !== null) {
      if (nullStatus.has(status)) throw new TypeError('Response with null body status cannot have body');
      const b = require('internal/body').extract(body);
      if (b.type && !headers.has('content-type')) headers.append('content-type', b.type);
      this[kBody] = new Body(-1, b.stream ? null : b.data, null);
      this[kBody].stream = b.stream || null;
    } else {
      this[kBody] = new Body(-1, null, null);
    }
    this[kState] = { status, statusText, headers, url: '', redirected: false, type: 'default' };
  }
  get type() { return this[kState].type; }
  get url() { return this[kState].url; }
  get redirected() { return this[kState].redirected; }
  get status() { return this[kState].status; }
  get ok() { const s = this[kState].status; return s >= 200 && s <= 299; }
  get statusText() { return this[kState].statusText; }
  get headers() {
    const s = this[kState];
    if (Array.isArray(s.headers)) s.headers = require('internal/headers').from(s.headers);
    return s.headers;
  }
  clone() {
    const r = Object.create(Response.prototype);
    r[kBody] = this[kBody].fork();
    r[kState] = Object.assign({}, this[kState], { headers: new (require('internal/headers').Headers)(this.headers) });
    return r;
  }
  static json(data, init) {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError('Value is not JSON serializable');
    const r = new Response(text, init);
    if (!init || !new (require('internal/headers').Headers)(init.headers || []).has('content-type')) r.headers.set('content-type', 'application/json');
    return r;
  }
  static error() {
    const r = new Response();
    Object.assign(r[kState], { type: 'error', status: 0 });
    return r;
  }
  static redirect(url, status) {
    if (status === undefined) status = 302;
    if (![301, 302, 303, 307, 308].includes(Number(status))) throw new RangeError('Invalid status code ' + status);
    const r = new Response(null, { headers: { location: new URL(String(url)).href } });
    r[kState].status = Number(status);
    return r;
  }
  get [Symbol.toStringTag]() { return 'Response'; }
  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const o = { status: this.status, statusText: this.statusText, headers: this.headers, bodyUsed: this.bodyUsed, ok: this.ok, redirected: this.redirected, type: this.type, url: this.url };
    return inspect ? 'Response ' + inspect(o, options) : o;
  }
}

// make is a response from the network. m is what native.send gave.
function make(h, m, signal) {
  const r = Object.create(Response.prototype);
  const i = m.url.indexOf('#');
  r[kBody] = new Body(m.empty ? -1 : h, null, signal);
  r[kState] = { status: m.status, statusText: m.statusText, headers: m.headers, url: i < 0 ? m.url : m.url.slice(0, i), redirected: m.redirected, type: 'basic' };
  return r;
}

// ofData answers a data: URL.
function ofData(url) {
  const m = /^data:([^,]*?)(;\s*base64)?,([^#]*)/i.exec(url);
  if (!m) throw new TypeError('fetch failed');
  const bytes = m[3].replace(/%([0-9a-f]{2})/gi, (c, h) => String.fromCharCode(parseInt(h, 16)));
  const data = require('buffer').Buffer.from(bytes, m[2] ? 'base64' : 'latin1');
  const r = new Response(data, { headers: { 'content-type': m[1] || 'text/plain;charset=US-ASCII' } });
  r[kState].url = url;
  return Promise.resolve(r);
}

module.exports = { Response, Body, Carrier, kBody, make, ofData };
