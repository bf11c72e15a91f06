'use strict';
// What request and axios share: one exchange over the host, and the shapes that
// Node's clients give its parts.

// open starts an exchange. spec is {method, url, headers, body, redirects, decode,
// tls}; headers is flat: name, value, name, value…
function open(spec) {
  const h = native.open();
  let sent;
  try {
    sent = native.send(h, spec.method, spec.url, spec.headers, spec.body === undefined ? null : spec.body,
      Object.assign({ redirects: spec.redirects || 0, decode: !!spec.decode }, named(spec)));
  } catch (err) {
    native.abort(h);
    sent = Promise.reject(err);
  }
  return {
    sent,
    connected: () => native.connected(h),
    abort: () => native.abort(h),
    read: () => native.read(h),
    bytes: () => native.bytes(h),
    text: () => native.text(h),
  };
}

// named are the options of TLS, with the server's name from the Host header, as
// Node's agents take it from there.
function named(spec) {
  if (spec.tls && spec.tls.servername || !/^https:/i.test(spec.url)) return spec.tls;
  for (let i = 0; i < spec.headers.length; i += 2) {
    const servername = spec.headers[i].toLowerCase() === 'host' ? require('internal/http_message').serverOf(spec.headers[i + 1]) : '';
    if (servername) return Object.assign({}, spec.tls, { servername });
  }
  return spec.tls;
}

const single = ' age authorization content-length content-type etag expires from host if-modified-since if-unmodified-since last-modified location max-forwards proxy-authorization referer retry-after server user-agent ';

// joined gives a flat list of headers as Node shows it: lower case, one value a name.
function joined(raw) {
  const out = {};
  for (let i = 0; i < raw.length; i += 2) {
    const k = raw[i].toLowerCase(), v = raw[i + 1];
    if (k === 'set-cookie') {
      if (out[k]) out[k].push(v); else out[k] = [v];
    } else if (out[k] === undefined) {
      out[k] = v;
    } else if (!single.includes(' ' + k + ' ')) {
      out[k] += (k === 'cookie' ? '; ' : ', ') + v;
    }
  }
  return out;
}

function flatten(headers) {
  const out = [];
  const keys = Object.keys(headers);
  for (let i = 0; i < keys.length; i++) {
    const v = headers[keys[i]];
    if (v === undefined || v === null) continue;
    for (const one of Array.isArray(v) ? v : [v]) out.push(keys[i], String(one));
  }
  return out;
}

// find returns the key under which the object has the header, '' if it has not.
function find(headers, name) {
  const keys = Object.keys(headers);
  for (let i = 0; i < keys.length; i++) if (keys[i].toLowerCase() === name) return keys[i];
  return '';
}

const pem = (v) => (v === undefined || v === null ? undefined : Array.isArray(v) ? v.map(pem).join('\n') : typeof v === 'string' ? v : Buffer.from(v).toString());

// tlsOf reads the options of TLS from several places, the first that says wins.
function tlsOf(...places) {
  const tls = {};
  const pick = (k) => {
    for (const p of places) if (p && p[k] !== undefined) return p[k];
    return undefined;
  };
  if (pick('pfx') !== undefined) throw unavailable('option pfx', 'give cert and key in PEM');
  if (pick('rejectUnauthorized') === false) tls.insecure = true;
  if (pick('servername')) tls.servername = String(pick('servername'));
  for (const k of ['ca', 'cert', 'key']) {
    const v = pem(pick(k));
    if (v) tls[k] = v;
  }
  return tls;
}

const unavailable = (what, advice) => Object.assign(new Error(`${what} is not available here: ${advice}`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
const noProxy = (what) => unavailable(what, 'connections are made by the host, which has its own proxy setting (--egress-proxy)');
const isProxyAgent = (a) => !!a && (typeof a.callback === 'function' || typeof a.connect === 'function');

// b64 is the base64 of text.
const basic = (user, pass) => 'Basic ' + Buffer.from(user + ':' + pass).toString('base64');

// credentials splits a URL into itself without user and password, and those,
// decoded; null if there are none.
function credentials(url) {
  const m = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#@]*(?:@[^/?#@]*)*)@([^/?#]*.*)$/i.exec(url);
  if (!m) return [url, null];
  const at = m[2].indexOf(':');
  const decode = (s) => { try { return decodeURIComponent(s); } catch (err) { return s; } };
  return [m[1] + m[3], [decode(at < 0 ? m[2] : m[2].slice(0, at)), at < 0 ? '' : decode(m[2].slice(at + 1))]];
}

// wrap makes a Buffer of bytes that came from the host.
const wrap = (u) => require('internal/crypto/output')(u === undefined ? new Uint8Array(0) : u);

module.exports = { open, joined, flatten, find, tlsOf, unavailable, noProxy, isProxyAgent, basic, credentials, wrap };
