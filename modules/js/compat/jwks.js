'use strict';
// jwks-rsa 1 to 3: signing keys from a JSON Web Key Set.
const classOf = (name) => {
  const f = function (message) {
    Error.call(this, message);
    this.name = name;
    this.message = message;
    Object.defineProperty(this, 'stack', { value: name + ': ' + message + String(new Error().stack).replace(/^[^\n]*/, ''), writable: true, configurable: true });
  };
  f.prototype = Object.create(Error.prototype, { constructor: { value: f, writable: true, configurable: true } });
  return f;
};
const JwksError = classOf('JwksError'), SigningKeyNotFoundError = classOf('SigningKeyNotFoundError');
const JwksRateLimitError = classOf('JwksRateLimitError'), ArgumentError = classOf('ArgumentError');

// fromCertificate is the public key of an x5c entry, as PEM.
function certificate(x5c) { return '-----BEGIN CERTIFICATE-----\n' + x5c.match(/.{1,64}/g).join('\n') + '\n-----END CERTIFICATE-----\n'; }

function signingKey(jwk) {
  const crypto = require('crypto');
  const pem = crypto.createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const key = { kid: jwk.kid, nbf: jwk.nbf, alg: jwk.alg, getPublicKey: () => pem };
  if (jwk.kty === 'RSA') key.rsaPublicKey = pem;
  else key.publicKey = pem;
  if (jwk.x5c && jwk.x5c.length) {
    const cert = certificate(jwk.x5c[0]);
    key.publicKey = cert;
    key.getPublicKey = () => cert;
  }
  if (key.publicKey === undefined) key.publicKey = pem;
  return key;
}

// get gives the text of the key set: 1 asks as axios does, 2 with Node's own client.
async function get(o, major) {
  const http = require('internal/compat/exchange');
  const agent = o.requestAgent || o.agent;
  if (http.isProxyAgent(agent)) throw http.noProxy('jwks-rsa: a proxy agent');
  const headers = Object.assign(major < 2 ? { Accept: 'application/json, text/plain, */*', 'User-Agent': 'axios/0.21.4' } : {}, o.requestHeaders);
  const x = http.open({ method: 'GET', url: String(o.jwksUri), headers: http.flatten(headers), redirects: major < 2 ? 5 : 0, tls: http.tlsOf(o.strictSsl === false ? { rejectUnauthorized: false } : null, o.requestAgentOptions, agent && agent.options) });
  let late = false;
  const timer = o.timeout > 0 ? setTimeout(() => { late = true; x.abort(); }, o.timeout) : null;
  try {
    const m = await x.sent;
    const text = m.empty ? '' : await x.text();
    if (m.status < 200 || m.status > 299) throw new JwksError(major < 2 ? text || 'Request failed with status code ' + m.status : m.statusText || 'Http Error ' + m.status);
    return text;
  } catch (err) {
    if (late) throw new JwksError(major < 2 ? `timeout of ${o.timeout}ms exceeded` : 'The request timed out');
    if (major > 1 || err instanceof JwksError) throw err;
    throw Object.assign(new JwksError(err.message), err.hint ? { hint: err.hint } : {}, err.code === 'EFORBIDDEN' ? { code: err.code } : {});
  } finally {
    if (timer) clearTimeout(timer);
  }
}

module.exports = (major) => {
  class JwksClient {
    constructor(options) {
      this.options = Object.assign({ cache: true, cacheMaxEntries: 5, cacheMaxAge: 10 * 60 * 1000, rateLimit: false, jwksRequestsPerMinute: 10, strictSsl: true, timeout: 30000 }, options);
      const cache = new Map();
      const calls = [];
      Object.defineProperty(this, '_cache', { value: cache });
      Object.defineProperty(this, '_calls', { value: calls });
      for (const name of ['getKeys', 'getSigningKeys', 'getSigningKey']) {
        const f = this[name].bind(this);
        this[name] = (...args) => {
          const callback = typeof args[args.length - 1] === 'function' ? args.pop() : null;
          const p = f(...args);
          if (!callback) return p;
          p.then((v) => setImmediate(() => callback(null, v)), (err) => setImmediate(() => callback(err)));
          return undefined;
        };
      }
      this.getSigningKeyAsync = (kid) => this.getSigningKey(kid);
      this.getSigningKeysAsync = () => this.getSigningKeys();
      this.getKeysAsync = () => this.getKeys();
    }
    async getKeys() {
      const o = this.options;
      if (typeof o.fetcher === 'function') return (await o.fetcher(o.jwksUri)).keys;
      if (typeof o.getKeysInterceptor === 'function') {
        const keys = await o.getKeysInterceptor();
        if (keys && keys.length) return keys;
      }
      if (o.proxy) throw require('internal/compat/exchange').noProxy('jwks-rsa: option proxy');
      const data = await get(o, major);
      let set;
      try { set = JSON.parse(data); } catch (err) { throw new JwksError('The JWKS endpoint did not answer with JSON: ' + err.message); }
      return set.keys;
    }
    async getSigningKeys() {
      const keys = await this.getKeys();
      if (!keys || !keys.length) throw new JwksError('The JWKS endpoint did not contain any keys');
      const out = [];
      for (const k of keys) {
        if (k.use !== undefined && k.use !== 'sig' || !['RSA', 'EC', 'OKP'].includes(k.kty)) continue;
        try { out.push(signingKey(k)); } catch (err) { /* a key that cannot be used is as none */ }
      }
      if (!out.length) throw new JwksError('The JWKS endpoint did not contain any signing keys');
      return out;
    }
    async getSigningKey(kid) {
      const o = this.options, now = Date.now();
      const hit = o.cache && this._cache.get(kid);
      if (hit && hit.until > now) return hit.key;
      if (o.rateLimit) {
        while (this._calls.length && this._calls[0] <= now - 60000) this._calls.shift();
        if (this._calls.length >= o.jwksRequestsPerMinute) throw new JwksRateLimitError('Too many requests to the JWKS endpoint');
        this._calls.push(now);
      }
      const keys = await this.getSigningKeys();
      const key = kid === undefined || kid === null ? (keys.length === 1 ? keys[0] : undefined) : keys.find((k) => k.kid === kid);
      if (!key) throw new SigningKeyNotFoundError(kid === undefined || kid === null ? 'No KID specified and JWKS endpoint returned more than 1 key' : `Unable to find a signing key that matches '${kid}'`);
      if (o.cache) {
        if (this._cache.size >= o.cacheMaxEntries) this._cache.delete(this._cache.keys().next().value);
        this._cache.set(kid, { key, until: now + o.cacheMaxAge });
      }
      return key;
    }
  }

  // secret gives the callback that express-jwt and jsonwebtoken take.
  function secretProvider(options) {
    if (options === null || options === undefined) throw new ArgumentError('An options object must be provided when initializing expressJwtSecret');
    const client = new JwksClient(options);
    return (req, head, payload, done) => {
      if (!head || !/^(RS|ES|PS)/.test(head.alg)) { done(null, null); return; }
      client.getSigningKey(head.kid).then((key) => done(null, key.getPublicKey()), (err) => {
        if (typeof options.handleSigningKeyError === 'function') options.handleSigningKeyError(err, (e) => done(e, null));
        else done(err instanceof SigningKeyNotFoundError ? null : err, null);
      });
    };
  }
  const jwksClient = (options) => new JwksClient(options);
  return Object.assign(jwksClient, {
    JwksClient, ArgumentError, JwksError, JwksRateLimitError, SigningKeyNotFoundError,
    expressJwtSecret: secretProvider, default: jwksClient,
  });
};
