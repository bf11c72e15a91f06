'use strict';
// The rest of Response, and what Request shares with it.
const { Class: Response, open, kMake, native: io } = require('internal/response');
const kBody = Symbol('body'); // of a Request
const bodyOf = (o) => (o instanceof Response ? open(o)[0] : o[kBody]);
const stateOf = (r) => open(r)[1];

// The state of a body, of a Response or a Request:
//   h       handle of the exchange that it comes from, or -1
//   data    string, bytes or a Promise of either; null if there is none
//   signal  the AbortSignal of the fetch that it comes from
//   used    it was read
//   stream  the ReadableStream that `.body` gave out
//   shared  a Promise of all bytes, when clone() made several of one
const state = (h, data, signal, used = false) => ({ h, data, signal, used, stream: null, shared: null });

function fail(b, err) {
  if (b.signal && b.signal.aborted) throw b.signal.reason;
  if (err && err.code === 'ERR_RESPONSE_TOO_LARGE') {
    err.name = 'ResponseExceededMaxSizeError';
    err.code = 'UND_ERR_RES_EXCEEDED_MAX_SIZE';
  } else if (err && (err.code === 'ECONNRESET' || err.code === 'ETIMEDOUT')) {
    const e = new TypeError('terminated');
    e.cause = err;
    throw e;
  }
  throw err;
}

// readAll gives what is left of the body: text, or a Uint8Array.
function readAll(b, text) {
  if (b.used || b.stream && (b.stream.locked || b.stream.disturbed)) {
    return Promise.reject(new TypeError('Body is unusable: Body has already been read'));
  }
  if (b.signal && b.signal.aborted) return Promise.reject(b.signal.reason);
  if (b.h < 0 || b.shared || b.stream) return all(b, text);
  b.used = true;
  const failed = (err) => fail(b, err);
  return text ? io.text(b.h, failed) : io.bytes(b.h, failed);
}

// text is the answer of text(), or of json().
const text = (b, json) => (json ? readAll(b, true).then(JSON.parse) : readAll(b, true));

const none = (b) => b.h < 0 && b.data === null && !b.stream && !b.shared;

function all(b, text) {
  if (none(b)) return Promise.resolve(text ? '' : new Uint8Array(0));
  b.used = true;
  return Promise.resolve(rest(b)).then((d) => convert(d, text));
}

function rest(b) {
  if (b.shared) return b.shared;
  if (b.stream) return require('internal/webstream').collect(b.stream);
  if (b.h >= 0) return io.bytes(b.h, (err) => fail(b, err));
  return Promise.resolve(b.data);
}

// take is all() for a request's body that is sent: string, bytes or a Promise.
function take(b) {
  if (none(b)) return null;
  if (b.used) throw new TypeError('Cannot construct a Request with a Request object that has already been used.');
  b.used = true;
  return b.h < 0 && !b.shared && !b.stream ? b.data : rest(b);
}

// fork makes a second body of one; what both come from is read once, when the
// first of them is.
function fork(b) {
  if (b.used || b.stream && (b.stream.locked || b.stream.disturbed)) throw new TypeError('Response.clone: Body has already been consumed.');
  const c = state(b.h, b.data, b.signal);
  if (b.h >= 0 || b.stream || b.data && typeof b.data.then === 'function') {
    if (!b.shared) {
      const source = state(b.h, b.data, b.signal);
      source.stream = b.stream;
      let p = null;
      const start = () => p || (p = rest(source));
      b.shared = { then: (ok, no) => start().then(ok, no) };
      b.stream = null;
    }
    c.shared = b.shared;
  }
  return c;
}

function convert(d, text) {
  if (text) return typeof d === 'string' ? d.replace(/^\ufeff/, '') : io.decodeText(d);
  return typeof d === 'string' ? require('internal/body').encode(d) : d;
}

// carrier is what Response and Request share.
const carrier = {
  get body() {
    const b = bodyOf(this);
    if (none(b)) return null;
    if (!b.stream) b.stream = require('internal/webstream').ofBody(b, io, () => rest(b), (err) => fail(b, err));
    return b.stream;
  },
  get bodyUsed() { const b = bodyOf(this); return b.used || !!(b.stream && b.stream.disturbed); },
  text() { return text(bodyOf(this), false); },
  json() { return text(bodyOf(this), true); },
  arrayBuffer() {
    return readAll(bodyOf(this), false).then((u) => (u.byteLength === u.buffer.byteLength ? u.buffer : u.buffer.slice(u.byteOffset, u.byteOffset + u.byteLength)));
  },
  bytes() { return readAll(bodyOf(this), false).then((u) => new Uint8Array(u.buffer, u.byteOffset, u.byteLength)); },
  blob() {
    const type = (this.headers.get('content-type') || '').toLowerCase();
    return readAll(bodyOf(this), false).then((u) => new (require('internal/blob').Blob)([u], { type }));
  },
  formData() {
    const type = this.headers.get('content-type') || '';
    return readAll(bodyOf(this), false).then((u) => require('internal/formdata').parse(u, type));
  },
};

const copyHeaders = (h) => new (require('internal/headers').Headers)(h);

const response = {
  get type() { return stateOf(this).type || 'basic'; },
  get url() { return stateOf(this).url.replace(/#.*/, ''); },
  get redirected() { return stateOf(this).redirected; },
  get statusText() { return stateOf(this).statusText; },
  clone() {
    const st = Object.assign({}, stateOf(this), { headers: copyHeaders(this.headers) });
    return new Response(kMake, null, fork(bodyOf(this)), st);
  },
  get [Symbol.toStringTag]() { return 'Response'; },
  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const o = { status: this.status, statusText: this.statusText, headers: this.headers, bodyUsed: this.bodyUsed, ok: this.ok, redirected: this.redirected, type: this.type, url: this.url };
    return inspect ? 'Response ' + inspect(o, options) : o;
  },
};

function json(data, init) {
  const text = JSON.stringify(data);
  if (text === undefined) throw new TypeError('Value is not JSON serializable');
  const r = new Response(text, init);
  if (!init || !copyHeaders(init.headers || []).has('content-type')) r.headers.set('content-type', 'application/json');
  return r;
}

function error() {
  const r = new Response();
  Object.assign(stateOf(r), { type: 'error', status: 0 });
  return r;
}

function redirect(url, status) {
  if (status === undefined) status = 302;
  if (![301, 302, 303, 307, 308].includes(Number(status))) throw new RangeError('Invalid status code ' + status);
  const r = new Response(null, { headers: { location: new URL(String(url)).href } });
  stateOf(r).status = Number(status);
  return r;
}

// define copies members that the target does not have.
function define(target, source) {
  const all = Object.getOwnPropertyDescriptors(source);
  for (const k of Reflect.ownKeys(all)) {
    if (!Object.prototype.hasOwnProperty.call(target, k)) Object.defineProperty(target, k, Object.assign(all[k], { enumerable: false }));
  }
}

function install() {
  define(Response.prototype, carrier);
  define(Response.prototype, response);
  define(Response.prototype, { constructor: Response });
  define(Response, { json, error, redirect });
}

const nullStatus = new Set([101, 103, 204, 205, 304]);

// construct gives the inside of a new Response(body, init).
function construct(body, init) {
  if (init === undefined || init === null) init = {};
  const status = init.status === undefined ? 200 : Number(init.status);
  if (!(status >= 200 && status <= 599)) throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
  const statusText = init.statusText === undefined ? '' : String(init.statusText);
  const headers = copyHeaders(init.headers === undefined ? [] : init.headers);
  let inside = state(-1, null, null);
  if (body !== undefined && body !== null) {
    if (nullStatus.has(status)) throw new TypeError('Response with null body status cannot have body');
    const b = require('internal/body').extract(body);
    if (b.type && !headers.has('content-type')) headers.append('content-type', b.type);
    inside = state(-1, b.stream ? null : b.data, null);
    inside.stream = b.stream || null;
  }
  return [inside, { status, statusText, headers, url: '', redirected: false, type: 'default' }];
}

// ofData answers a data: URL.
function ofData(url) {
  const m = /^data:([^,]*?)(;\s*base64)?,([^#]*)/i.exec(url);
  if (!m) throw new TypeError('fetch failed');
  const bytes = m[3].replace(/%([0-9a-f]{2})/gi, (c, h) => String.fromCharCode(parseInt(h, 16)));
  const data = require('internal/buffer').Buffer.from(bytes, m[2] ? 'base64' : 'latin1');
  const r = new Response(data, { headers: { 'content-type': m[1] || 'text/plain;charset=US-ASCII' } });
  stateOf(r).url = url;
  return Promise.resolve(r);
}

module.exports = { kBody, state, fail, text, take, fork, construct, install, define, carrier, ofData };
