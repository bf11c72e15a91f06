'use strict';
// fetch over the node's dial broker, with all that it may be given. A plain
// fetch(url) evaluates internal/response only.

const upper = { get: 'GET', head: 'HEAD', post: 'POST', put: 'PUT', patch: 'PATCH', delete: 'DELETE', options: 'OPTIONS' };

function method(m) {
  m = String(m);
  const known = upper[m.toLowerCase()];
  if (known) return known;
  if (/^(connect|trace|track)$/i.test(m)) throw new TypeError("'" + m + "' HTTP method is unsupported.");
  return m;
}

// pairs flattens what `headers` may be to [name, value, name, value…].
function pairs(h) {
  const out = [];
  if (h === undefined || h === null) return out;
  if (typeof h !== 'object' && typeof h !== 'function') {
    throw new TypeError('headers must be an object, an array of pairs or Headers');
  }
  if (Object.getPrototypeOf(h) !== Object.prototype && typeof h[Symbol.iterator] === 'function') {
    for (const e of h) {
      const p = Array.from(e);
      if (p.length !== 2) throw new TypeError('each header pair must be a name and a value');
      out.push(String(p[0]), trim(p[1]));
    }
    return out;
  }
  // No for-of here: the engine makes its iterators in every realm anew.
  const keys = Object.keys(h);
  for (let i = 0; i < keys.length; i++) out.push(keys[i], trim(h[keys[i]]));
  return out;
}

function trim(v) {
  v = String(v);
  return v.charCodeAt(0) <= 32 || v.charCodeAt(v.length - 1) <= 32 ? v.replace(/^[\t\r\n ]+|[\t\r\n ]+$/g, '') : v;
}

function has(list, name) {
  for (let i = 0; i < list.length; i += 2) if (list[i].toLowerCase() === name) return true;
  return false;
}

// plan reads the arguments of fetch, or of new Request.
function plan(input, init) {
  const p = { url: '', method: 'GET', headers: null, data: null, signal: null, redirect: 'follow' };
  const from = typeof input === 'object' && input !== null ? requestOf(input) : undefined;
  if (from) {
    Object.assign(p, from);
    p.headers = pairs(input.headers);
  } else {
    p.url = typeof input === 'string' ? input : String(input);
  }
  if (init === undefined || init === null) init = {};
  if (init.method !== undefined) p.method = method(init.method);
  if (init.headers !== undefined || !p.headers) p.headers = pairs(init.headers);
  if (init.signal !== undefined) p.signal = init.signal;
  if (p.signal !== null && (typeof p.signal !== 'object' || typeof p.signal.addEventListener !== 'function')) {
    throw new TypeError('signal must be an AbortSignal');
  }
  if (init.redirect !== undefined) p.redirect = String(init.redirect);
  if (p.redirect !== 'follow' && p.redirect !== 'error' && p.redirect !== 'manual') {
    throw new TypeError("redirect must be 'follow', 'error' or 'manual', not '" + p.redirect + "'");
  }
  const body = init.body;
  if (body !== undefined && body !== null) {
    let type = 'text/plain;charset=UTF-8';
    if (typeof body === 'string') {
      p.data = body;
    } else {
      const b = require('internal/body').extract(body);
      p.data = b.data;
      type = b.type;
    }
    if (type && !has(p.headers, 'content-type')) p.headers.push('content-type', type);
  } else if (from && from.body) {
    p.data = require('internal/response_more').take(from.body);
  }
  if (p.data !== null && (p.method === 'GET' || p.method === 'HEAD')) {
    throw new TypeError('Request with GET/HEAD method cannot have body.');
  }
  return p;
}

const defaults = ['accept', '*/*', 'accept-language', '*', 'sec-fetch-mode', 'cors', 'user-agent', 'node', 'accept-encoding', 'gzip, deflate'];

function failed(err) {
  const code = err && err.code;
  const e = new TypeError(code === 'EFORBIDDEN' ? 'fetch failed: ' + err.message : 'fetch failed');
  if (code === 'ETIMEDOUT' && err.syscall === 'connect') { err.code = 'UND_ERR_CONNECT_TIMEOUT'; err.name = 'ConnectTimeoutError'; }
  if (code === 'HPE_HEADER_OVERFLOW') { err.code = 'UND_ERR_HEADERS_OVERFLOW'; err.name = 'HeadersOverflowError'; }
  if (code === 'ECONNRESET' && !err.syscall) { err.code = 'UND_ERR_SOCKET'; err.name = 'SocketError'; err.message = 'other side closed'; }
  Object.defineProperty(e, 'cause', { value: err, writable: true, configurable: true });
  return e;
}

function fetch(input, init) {
  let p;
  try {
    if (arguments.length === 0) throw new TypeError('fetch needs a URL or a Request');
    p = plan(input, init);
    if (p.signal && p.signal.aborted) return Promise.reject(p.signal.reason);
    const first = p.url.charCodeAt(0) | 32;
    if (first === 100 && /^data:/i.test(p.url)) return require('internal/response_more').ofData(p.url);
    if (p.data && typeof p.data.then === 'function') return p.data.then((d) => send(p, d));
    return send(p, p.data);
  } catch (err) {
    return Promise.reject(err);
  }
}

function send(p, data) {
  const { url, headers, signal } = p;
  for (let i = 0; i < defaults.length; i += 2) {
    if (!has(headers, defaults[i])) headers.push(defaults[i], defaults[i + 1]);
  }
  const { make } = require('internal/response');
  const h = native.open();
  let promise;
  try {
    promise = native.fetch(h, p.method, url, headers, data, {
      redirects: p.redirect === 'follow' ? 20 : 0, refuse: p.redirect === 'error', decode: true,
    }, (m) => make(m, signal), (err) => { throw signal && signal.aborted ? signal.reason : failed(err); });
  } catch (err) {
    native.abort(h);
    if (err.code === 'ERR_INVALID_URL') {
      const e = new TypeError('Failed to parse URL from ' + url);
      e.cause = err;
      throw e;
    }
    throw err.code === 'ERR_INVALID_PROTOCOL' ? failed(err) : err;
  }
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => {
      native.abort(h);
      reject(signal.reason);
    }, { once: true });
    promise.then(resolve, reject);
  });
}

// internal/request gives the way into its Requests when it is loaded; before that
// there are none.
let requestOf = () => undefined;

module.exports = { fetch, failed, plan, pairs, setRequestOf(f) { requestOf = f; } };
