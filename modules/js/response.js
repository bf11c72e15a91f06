'use strict';
// fetch(url), and the part of Response that nearly every script uses: status, ok,
// headers, text and json. The rest is installed by internal/response_more when it
// is first touched, and other ways of calling fetch are in internal/fetch:
// functions that are never called cost every login too.
//
// No RegExp, Set or Symbol is used on the way of a plain fetch: the engine makes
// those constructors when they are first touched, in every realm anew.
const kMake = {}; // the argument of a construction from inside

// A Response that came from the network is h, the handle of its exchange or, if
// it has no body, -1 - handle, its status, its signal, and whether it was read.
// Only when more is asked for has it a body and a head, which see open.
class Response {
  #h;
  #status;
  #signal;
  #used;
  #body;
  #head;
  constructor(body, init, b, head) {
    if (body !== kMake) [b, head] = require('internal/response_more').construct(body, init);
    if (head) {
      this.#body = b;
      this.#head = head;
      return;
    }
    const n = init < 0 ? -init : init;
    this.#status = n % 1000;
    const h = (n - this.#status) / 1000;
    this.#h = init < 0 ? -1 - h : h;
    this.#signal = b;
  }
  get status() { return this.#head ? this.#head.status : this.#status; }
  get ok() { const s = this.status; return s >= 200 && s <= 299; }
  get headers() {
    const s = open(this)[1];
    if (Array.isArray(s.headers)) s.headers = require('internal/headers').from(s.headers);
    return s.headers;
  }
  text() { return this.#read(false); }
  json() { return this.#read(true); }
  #read(json) {
    const h = this.#h, signal = this.#signal;
    if (this.#body || this.#used || h < 0 || signal && signal.aborted) return require('internal/response_more').text(open(this)[0], json);
    this.#used = true;
    const fail = (err) => require('internal/response_more').fail({ signal }, err);
    return json ? native.json(h, fail) : native.text(h, fail);
  }
  // open gives the inside, for response_more: the state of the body, and the head
  // as native.head gives it.
  static open(r) {
    if (!r.#body) r.#body = require('internal/response_more').state(r.#h < 0 ? -1 : r.#h, null, r.#signal, !!r.#used);
    if (!r.#head) r.#head = native.head(r.#h < 0 ? -1 - r.#h : r.#h);
    return [r.#body, r.#head];
  }
}
const open = Response.open;
delete Response.open;
delete Response.prototype.constructor; // seldom, see below

const seldom = ' constructor type url redirected statusText body bodyUsed arrayBuffer bytes blob formData clone ';
const isSeldom = (name) => (typeof name === 'string' ? seldom.includes(' ' + name + ' ')
  : name === Symbol.toStringTag || name === Symbol.for('nodejs.util.inspect.custom'));
function complete() {
  if (Object.getPrototypeOf(Response.prototype) !== Object.prototype) {
    Object.setPrototypeOf(Response.prototype, Object.prototype);
    require('internal/response_more').install();
  }
}
Object.setPrototypeOf(Response.prototype, new Proxy(Object.prototype, {
  get(target, name, self) {
    if (!isSeldom(name)) return name === '__proto__' ? Object.getPrototypeOf(self) : target[name];
    complete();
    return self[name];
  },
  has(target, name) { return isSeldom(name) || name in target; },
}));

// make is a Response of what native.get or native.fetch gave.
const make = (n, signal) => new Response(kMake, n, signal);

function fetch(input, init) {
  if (typeof input === 'string' && init === undefined) {
    try {
      return native.get(input, make, (err) => { throw require('internal/fetch').failed(err); });
    } catch (_) { /* no plain URL: below it is said why */ }
  }
  return require('internal/fetch').fetch.apply(this, arguments);
}

module.exports = { fetch, make, Class: Response, open, kMake, native, get Response() { complete(); return Response; } };
