'use strict';
// The part of Response that nearly every script uses: status, ok, headers, text
// and json. The rest is installed by internal/response_more when it is first
// touched: functions that are never called cost every login too.
//
// No RegExp, Set or Symbol is used on the way of a plain fetch: the engine makes
// those constructors when they are first touched, in every realm anew.
const kMake = {}; // the argument of a construction from inside

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
  #body;
  #state;
  constructor(body, init, b, st) {
    if (body !== kMake) [b, st] = require('internal/response_more').construct(body, init);
    this.#body = b;
    this.#state = st;
  }
  get status() { return this.#state.status; }
  get ok() { const s = this.#state.status; return s >= 200 && s <= 299; }
  get headers() {
    const s = this.#state;
    if (Array.isArray(s.headers)) s.headers = require('internal/headers').from(s.headers);
    return s.headers;
  }
  text() { return all(this.#body, true); }
  json() { return all(this.#body, true).then(JSON.parse); }
  static json(data, init) { return complete().json(data, init); }
  static error() { return complete().error(); }
  static redirect(url, status) { return complete().redirect(url, status); }
  static open(r) { return [r.#body, r.#state]; }
}
const open = Response.open; // the inside of a Response, for response_more
delete Response.open;

const seldom = ' type url redirected statusText body bodyUsed arrayBuffer bytes blob formData clone ';
const isSeldom = (name) => (typeof name === 'string' ? seldom.includes(' ' + name + ' ')
  : name === Symbol.toStringTag || name === Symbol.for('nodejs.util.inspect.custom'));
function complete() {
  const more = require('internal/response_more');
  if (Object.getPrototypeOf(Response.prototype) !== Object.prototype) {
    Object.setPrototypeOf(Response.prototype, Object.prototype);
    more.install(Response);
  }
  return more;
}
Object.setPrototypeOf(Response.prototype, new Proxy(Object.prototype, {
  get(target, name, self) {
    if (!isSeldom(name)) return name === '__proto__' ? Object.getPrototypeOf(self) : target[name];
    complete();
    return self[name];
  },
  has(target, name) { return isSeldom(name) || name in target; },
}));

// make is a response from the network. m is what native.send gave.
const make = (h, m, signal) => new Response(kMake, null, state(m.empty ? -1 : h, null, signal), m);

module.exports = { Response, open, kMake, state, all, fail, make, native };
