'use strict';
const { plan, setRequestOf } = require('internal/fetch');
const kRequest = Symbol('request');
setRequestOf((v) => v[kRequest]);
const { state, kBody, carrier, define, fork } = require('internal/response_more');
const kState = Symbol('request state');

class Request {
  constructor(input, init) {
    if (arguments.length === 0) throw new TypeError('Request constructor: 1 argument required, but only 0 present.');
    const p = plan(input, init);
    let u;
    try { u = new URL(p.url); } catch (err) {
      const e = new TypeError('Failed to parse URL from ' + p.url);
      e.cause = err;
      throw e;
    }
    if (u.username || u.password) throw new TypeError('Request cannot be constructed from a URL that includes credentials: ' + p.url);
    p.url = u.href;
    p.signal = p.signal || new AbortController().signal;
    this[kBody] = state(-1, p.data, null);
    init = init || {};
    const word = (name, dflt) => (init[name] === undefined ? (input && input[kState] ? input[kState][name] : dflt) : String(init[name]));
    this[kState] = {
      headers: new (require('internal/headers').Headers)(byPair(p.headers)),
      cache: word('cache', 'default'), credentials: word('credentials', 'same-origin'), mode: word('mode', 'cors'),
      referrer: word('referrer', 'about:client'), referrerPolicy: word('referrerPolicy', ''), integrity: word('integrity', ''),
      keepalive: !!init.keepalive,
    };
    this[kRequest] = { url: p.url, method: p.method, signal: p.signal, redirect: p.redirect, data: null, body: this[kBody] };
  }
  get method() { return this[kRequest].method; }
  get url() { return this[kRequest].url; }
  get headers() { return this[kState].headers; }
  get signal() { return this[kRequest].signal; }
  get redirect() { return this[kRequest].redirect; }
  get destination() { return ''; }
  get duplex() { return 'half'; }
  get cache() { return this[kState].cache; }
  get credentials() { return this[kState].credentials; }
  get mode() { return this[kState].mode; }
  get referrer() { return this[kState].referrer; }
  get referrerPolicy() { return this[kState].referrerPolicy; }
  get integrity() { return this[kState].integrity; }
  get keepalive() { return this[kState].keepalive; }
  clone() {
    const r = Object.create(Request.prototype);
    r[kBody] = fork(this[kBody]);
    r[kState] = Object.assign({}, this[kState], { headers: new (require('internal/headers').Headers)(this.headers) });
    r[kRequest] = Object.assign({}, this[kRequest], { body: r[kBody] });
    return r;
  }
  get [Symbol.toStringTag]() { return 'Request'; }
}

function byPair(flat) {
  const out = [];
  for (let i = 0; i < flat.length; i += 2) out.push([flat[i], flat[i + 1]]);
  return out;
}
define(Request.prototype, carrier);

module.exports = { Request };
