'use strict';
// node-fetch 2 over the realm's own fetch.
const { fetch: core } = require('internal/fetch');

function FetchError(message, type, cause) {
  this.message = message;
  this.type = type;
  if (cause) { this.code = this.errno = cause.code; }
  Object.defineProperty(this, 'stack', { value: String(new Error(message).stack), writable: true, configurable: true });
}
FetchError.prototype = Object.create(Error.prototype, { constructor: { value: FetchError, writable: true, configurable: true }, name: { value: 'FetchError' } });
function AbortError(message) {
  this.type = 'aborted';
  this.message = message;
  Object.defineProperty(this, 'stack', { value: String(new Error(message).stack), writable: true, configurable: true });
}
AbortError.prototype = Object.create(Error.prototype, { constructor: { value: AbortError, writable: true, configurable: true }, name: { value: 'AbortError' } });

// dress gives a response what node-fetch's has beside the standard's.
function dress(res, url, size) {
  const text = res.text.bind(res);
  const own = {
    json: () => text().then((s) => {
      try { return JSON.parse(s); } catch (err) {
        throw new FetchError(`invalid json response body at ${res.url || url} reason: ${err.message}`, 'invalid-json');
      }
    }),
    buffer: () => res.arrayBuffer().then((b) => Buffer.from(b)),
    textConverted: text,
  };
  if (size > 0) {
    const limited = (f) => () => res.arrayBuffer().then((b) => {
      if (b.byteLength > size) throw new FetchError(`content size at ${url} over limit: ${size}`, 'max-size');
      return f(Buffer.from(b));
    });
    own.text = limited((b) => b.toString());
    own.buffer = limited((b) => b);
    own.json = limited((b) => JSON.parse(b.toString()));
  }
  for (const k of Object.keys(own)) Object.defineProperty(res, k, { value: own[k], writable: true, configurable: true });
  const h = res.headers;
  Object.defineProperty(h, 'raw', {
    value() {
      const out = {};
      for (const k of h.keys()) out[k] = k === 'set-cookie' ? h.getSetCookie() : [h.get(k)];
      return out;
    }, writable: true, configurable: true,
  });
  const clone = res.clone;
  Object.defineProperty(res, 'clone', { value() { return dress(clone.call(res), url, size); }, writable: true, configurable: true });
  return res;
}

const unavailable = (...a) => require('internal/compat/exchange').unavailable(...a);

function fetch(input, options) {
  let url;
  const o = Object.assign({}, options);
  let headers;
  try {
    url = typeof input === 'object' && input !== null && typeof input.href === 'string' ? input.href : typeof input === 'object' && input !== null && typeof input.url === 'string' ? input.url : String(input);
    if (!/^[a-z][a-z\d+\-.]*:/i.test(url)) throw new TypeError('Only absolute URLs are supported');
    if (!/^(https?|data):/i.test(url)) throw new TypeError('Only HTTP(S) protocols are supported');
    const agent = typeof o.agent === 'function' ? o.agent(new URL(url)) : o.agent;
    if (require('internal/compat/exchange').isProxyAgent(agent)) throw require('internal/compat/exchange').noProxy('node-fetch: a proxy agent');
    const a = agent && agent.options;
    if (a && (a.rejectUnauthorized === false || a.cert || a.key || a.ca || a.pfx)) {
      throw unavailable('node-fetch: an agent with TLS options', 'use axios or https with that agent');
    }
    const { Headers } = require('internal/headers');
    headers = new Headers(o.headers !== undefined ? o.headers : typeof input === 'object' && input !== null && input.headers ? input.headers : undefined);
    const b = o.body;
    if (b !== null && b !== undefined && typeof b === 'object' && !ArrayBuffer.isView(b) && typeof b.getBoundary === 'function' && !headers.has('content-type')) {
      headers.set('content-type', 'multipart/form-data;boundary=' + b.getBoundary());
    }
    const split = require('internal/compat/exchange').credentials(url);
    if (split[1]) {
      url = split[0];
      if (!headers.has('authorization')) headers.set('authorization', require('internal/compat/exchange').basic(split[1][0], split[1][1]));
    }
    if (!headers.has('accept')) headers.set('accept', '*/*');
    if (!headers.has('user-agent')) headers.set('user-agent', 'node-fetch/1.0 (+https://github.com/bitinn/node-fetch)');
    if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'gzip,deflate');
  } catch (err) {
    return Promise.reject(err);
  }
  const controller = new AbortController();
  const outer = o.signal || (typeof input === 'object' && input !== null && input.signal) || null;
  let late = false;
  const stop = () => controller.abort();
  if (outer) {
    if (outer.aborted) return Promise.reject(new AbortError('The user aborted a request.'));
    outer.addEventListener('abort', stop, { once: true });
  }
  const timer = o.timeout > 0 ? setTimeout(() => { late = true; controller.abort(); }, o.timeout) : null;
  const init = { method: o.method, headers, body: o.body, redirect: o.redirect, signal: controller.signal };
  const target = typeof input === 'object' && input !== null && typeof input.clone === 'function' ? input : url;
  const fail = (err) => {
    if (timer) clearTimeout(timer);
    if (late) throw new FetchError(`network timeout at: ${url}`, 'request-timeout');
    if (outer && outer.aborted) throw new AbortError('The user aborted a request.');
    const c = err && err.cause;
    if (!c) throw err;
    if (c.message === 'redirect count exceeded') throw new FetchError(`maximum redirect reached at: ${url}`, 'max-redirect');
    if (c.message === 'unexpected redirect') throw new FetchError(`uri requested responds with a redirect, redirect mode is set to error: ${url}`, 'no-redirect');
    throw new FetchError(`request to ${url} failed, reason: ${c.message}`, 'system', c);
  };
  return core(target, init).then((res) => {
    if (timer) clearTimeout(timer);
    return dress(res, url, o.size);
  }, fail);
}

fetch.isRedirect = (code) => [301, 302, 303, 307, 308].includes(code);
fetch.Promise = Promise;
for (const [k, m] of [['Headers', 'internal/headers'], ['Request', 'internal/request'], ['Response', 'internal/response']]) {
  Object.defineProperty(fetch, k, { get: () => require(m)[k], enumerable: true, configurable: true });
}
fetch.FetchError = FetchError;
fetch.AbortError = AbortError;
fetch.default = fetch;
Object.defineProperty(fetch, '__esModule', { value: true });
module.exports = fetch;
