'use strict';
// node-fetch 2 over the host's HTTP, with redirects as it follows them.
const http = require('internal/compat/exchange');
const { Headers, Request, Response, FetchError, AbortError } = require('internal/compat/node_fetch_classes');

const redirects = [301, 302, 303, 307, 308];

// plan reads the arguments of fetch.
function plan(input, init) {
  const o = init || {};
  const from = typeof input === 'object' && input !== null && typeof input.href !== 'string' && typeof input.url === 'string' ? input : null;
  const text = from ? from.url : typeof input === 'object' && input !== null && typeof input.href === 'string' ? input.href : String(input);
  if (!/^[a-z][a-z\d+\-.]*:/i.test(text)) throw new TypeError('Only absolute URLs are supported');
  const pick = (name, dflt) => (o[name] !== undefined ? o[name] : from && from[name] !== undefined ? from[name] : dflt);
  const p = {
    method: String(pick('method', 'GET')).toUpperCase(), redirect: pick('redirect', 'follow'), follow: pick('follow', 20),
    timeout: pick('timeout', 0), compress: pick('compress', true), size: pick('size', 0), agent: pick('agent'), signal: pick('signal', null),
    headers: new Headers(o.headers !== undefined ? o.headers : from ? from.headers : undefined), body: null, stream: false, hops: 0,
  };
  const body = o.body !== undefined && o.body !== null ? o.body : null;
  if ((body !== null || from && from.body !== null && from.body !== undefined) && (p.method === 'GET' || p.method === 'HEAD')) throw new TypeError('Request with GET/HEAD method cannot have body');
  if (body !== null) {
    const b = require('internal/body').extract(body);
    p.body = b.data;
    p.stream = b.stream !== undefined;
    if (b.type && !p.headers.has('content-type')) p.headers.append('Content-Type', b.type);
  } else if (from && p.method !== 'GET' && p.method !== 'HEAD') {
    p.body = from.arrayBuffer().then((b) => (b.byteLength ? new Uint8Array(b) : null));
  }
  p.url = new URL(text).href;
  return p;
}

// begin opens the exchange of one request.
function begin(p, body) {
  if (!/^https?:/.test(p.url)) throw new TypeError('Only HTTP(S) protocols are supported');
  const [url, user] = http.credentials(p.url);
  const agent = typeof p.agent === 'function' ? p.agent(new URL(p.url)) : p.agent;
  if (http.isProxyAgent(agent)) throw http.noProxy('node-fetch: a proxy agent');
  const h = new Headers(p.headers);
  const need = (name, value) => { if (!h.has(name)) h.set(name, value); };
  need('Accept', '*/*');
  need('User-Agent', 'node-fetch/1.0 (+https://github.com/bitinn/node-fetch)');
  if (p.compress) need('Accept-Encoding', 'gzip,deflate');
  if (user) need('Authorization', http.basic(user[0], user[1]));
  const flat = [];
  for (const [k, v] of h) flat.push(k, v);
  const data = body === null && /^(POST|PUT)$/.test(p.method) ? '' : body;
  return http.open({ method: p.method, url, headers: flat, body: data, decode: p.compress, tls: http.tlsOf(agent && agent.options) });
}

function sameSite(a, b) {
  const from = new URL(a), to = new URL(b);
  return (from.hostname === to.hostname || to.hostname.endsWith('.' + from.hostname)) && from.protocol === to.protocol;
}

// next changes the plan to what a redirect asks for.
function next(p, status, location) {
  if (p.hops >= p.follow) throw new FetchError(`maximum redirect reached at: ${p.url}`, 'max-redirect');
  if (status !== 303 && p.body !== null && p.stream) throw new FetchError('Cannot follow redirect with body being a readable stream', 'unsupported-redirect');
  p.hops++;
  if (!sameSite(p.url, location)) for (const name of ['authorization', 'www-authenticate', 'cookie', 'cookie2']) p.headers.delete(name);
  if (status === 303 || (status === 301 || status === 302) && p.method === 'POST') {
    p.method = 'GET';
    p.body = null;
    p.headers.delete('content-length');
  }
  p.url = location;
}

function fetch(input, init) {
  return new Promise((resolve, reject) => {
    const p = plan(input, init);
    let x = null, timer = null, over = false, answered = null;
    const end = () => {
      over = true;
      if (timer) clearTimeout(timer);
    };
    const fail = (err) => {
      if (over) return;
      end();
      if (x) x.abort();
      reject(err);
    };
    const stop = () => {
      const err = new AbortError('The user aborted a request.');
      if (answered) { answered(err); if (x) x.abort(); }
      fail(err);
    };
    if (p.signal) {
      if (p.signal.aborted) { stop(); return; }
      p.signal.addEventListener('abort', stop, { once: true });
    }
    if (p.timeout) timer = setTimeout(() => fail(new FetchError(`network timeout at: ${p.url}`, 'request-timeout')), p.timeout);

    const respond = (m) => {
      const headers = new Headers();
      for (let i = 0; i < m.headers.length; i += 2) headers.append(m.headers[i], m.headers[i + 1]);
      const location = headers.get('Location');
      if (redirects.includes(m.status)) {
        let to = null;
        try { to = location === null ? null : new URL(location, p.url).href; } catch (err) {
          if (p.redirect !== 'manual') throw new FetchError(`uri requested responds with an invalid redirect URL: ${location}`, 'invalid-redirect');
        }
        if (p.redirect === 'error') throw new FetchError(`uri requested responds with a redirect, redirect mode is set to error: ${p.url}`, 'no-redirect');
        if (p.redirect === 'manual' && to !== null) headers.set('Location', to);
        if (p.redirect === 'follow' && to !== null) {
          next(p, m.status, to);
          x.abort();
          send();
          return;
        }
      }
      end();
      const res = new Response(null, { status: m.status, statusText: m.statusText, headers, url: p.url, counter: p.hops, size: p.size, timeout: p.timeout, exchange: x, empty: m.empty });
      answered = (err) => res._abort(err);
      resolve(res);
    };
    const broken = (err) => fail(err instanceof FetchError ? err : new FetchError(`request to ${p.url} failed, reason: ${err.message}`, 'system', err));
    const send = () => Promise.resolve(p.body).then((body) => {
      if (over) return undefined;
      try { x = begin(p, body); } catch (err) { fail(err); return undefined; }
      return x.sent.then((m) => (over ? undefined : respond(m)));
    }).then(undefined, broken);
    send();
  });
}

module.exports = exports = fetch;
fetch.isRedirect = (code) => redirects.includes(code);
fetch.Promise = Promise;
Object.assign(fetch, { Headers, Request, Response, FetchError, AbortError });
fetch.default = fetch;
Object.defineProperty(fetch, '__esModule', { value: true });
