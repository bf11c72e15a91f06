'use strict';
// The part of Response that nearly every script uses: status, ok, headers, text
// and json. The rest is installed by internal/response_more when it is first
// touched: functions that are never called cost every login too.
const kBody = Symbol('body');
const kState = Symbol('response state');

// The state of a body, of a Response or a Request:
//   h       handle of the exchange that it comes from, or -1
//   data    string, bytes or a Promise of either; null if there is none
//   signal  the AbortSignal of the fetch that it comes from
//   stream  the ReadableStream that `.body` gave out
//   shared  a Promise of all bytes, when clone() made several of one
//   used    it was read
const state = (h, data, signal) => ({ h, data, signal, stream: null, shared: null, used: false });

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

// all gives what is left of the body: text, or a Uint8Array.
function all(b, text) {
  if (b.used || b.stream && (b.stream.locked || b.stream.disturbed)) {
    return Promise.reject(new TypeError('Body is unusable: Body has already been read'));
  }
  if (b.signal && b.signal.aborted) return Promise.reject(b.signal.reason);
  if (b.h < 0 || b.shared || b.stream) return require('internal/response_more').all(b, text);
  b.used = true;
  return (text ? native.text(b.h) : native.bytes(b.h)).then(undefined, (err) => fail(b, err));
}

class Response {
  constructor(body, init) { require('internal/response_more').construct(this, body, init); }
  get status() { return this[kState].status; }
  get ok() { const s = this[kState].status; return s >= 200 && s <= 299; }
  get headers() {
    const s = this[kState];
    if (Array.isArray(s.headers)) s.headers = require('internal/headers').from(s.headers);
    return s.headers;
  }
  text() { return all(this[kBody], true); }
  json() { return all(this[kBody], true).then(JSON.parse); }
}

const seldom = new Set(['type', 'url', 'redirected', 'statusText', 'body', 'bodyUsed', 'arrayBuffer', 'bytes', 'blob', 'formData', 'clone',
  Symbol.toStringTag, Symbol.for('nodejs.util.inspect.custom')]);
let whole = false;
function complete() {
  if (whole) return;
  whole = true;
  Object.setPrototypeOf(Response.prototype, Object.prototype);
  Object.setPrototypeOf(Response, Function.prototype);
  require('internal/response_more').install(Response);
}
Object.setPrototypeOf(Response.prototype, new Proxy(Object.prototype, {
  get(target, name, self) {
    if (!seldom.has(name)) return Reflect.get(target, name, self);
    complete();
    return Reflect.get(Response.prototype, name, self);
  },
  has(target, name) { return seldom.has(name) || name in target; },
}));
Object.setPrototypeOf(Response, new Proxy(Function.prototype, {
  get(target, name, self) {
    if (name !== 'json' && name !== 'error' && name !== 'redirect') return Reflect.get(target, name, self);
    complete();
    return Response[name];
  },
}));

// make is a response from the network. m is what native.send gave.
function make(h, m, signal) {
  const r = Object.create(Response.prototype);
  r[kBody] = state(m.empty ? -1 : h, null, signal);
  r[kState] = m;
  return r;
}

module.exports = { Response, kBody, kState, state, all, fail, make, native };
