'use strict';
// jsonwebtoken 8 and 9 over the realm's crypto: RFC 7515 and RFC 7519.
const crypto = require('crypto');

function define(name, Base, init) {
  const f = function (message, extra) {
    Base.call(this, message);
    Object.defineProperty(this, 'stack', { value: name + ': ' + message + String(new Error().stack).replace(/^[^\n]*/, ''), writable: true, configurable: true });
    this.name = name;
    this.message = message;
    init(this, extra);
  };
  f.prototype = Object.create(Base.prototype, { constructor: { value: f, writable: true, configurable: true } });
  Object.defineProperty(f, 'name', { value: name });
  return f;
}
const JsonWebTokenError = define('JsonWebTokenError', Error, (e, inner) => { if (inner) e.inner = inner; });
const TokenExpiredError = define('TokenExpiredError', JsonWebTokenError, (e, at) => { e.expiredAt = at; });
const NotBeforeError = define('NotBeforeError', JsonWebTokenError, (e, at) => { e.date = at; });

const units = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5, y: 315576e5 };
const unitOf = (word) => (/^(ms|msecs?|milliseconds?)$/.test(word) ? 'ms' : /^(s|secs?|seconds?)$/.test(word) ? 's' : /^(m|mins?|minutes?)$/.test(word) ? 'm'
  : /^(h|hrs?|hours?)$/.test(word) ? 'h' : /^(d|days?)$/.test(word) ? 'd' : /^(w|weeks?)$/.test(word) ? 'w' : /^(y|yrs?|years?)$/.test(word) ? 'y' : '');

// milliseconds reads '2 days', '10h', '120' as the package ms does.
function milliseconds(text) {
  const m = text.length <= 100 && /^(-?(?:\d+)?\.?\d+) *([a-z]*)$/i.exec(text);
  if (!m) return undefined;
  const unit = m[2] ? unitOf(m[2].toLowerCase()) : 'ms';
  return unit ? parseFloat(m[1]) * units[unit] : undefined;
}
function timespan(time, iat) {
  if (typeof time === 'number') return iat + time;
  if (typeof time !== 'string') return undefined;
  const ms = milliseconds(time);
  return ms === undefined ? undefined : Math.floor(iat + ms / 1000);
}

const encode = (v) => Buffer.from(typeof v === 'string' ? v : JSON.stringify(v)).toString('base64url');
const text = (s) => Buffer.from(s, 'base64url').toString();
const isObject = (v) => typeof v === 'object' && v !== null;
const isPlain = (v) => isObject(v) && !Array.isArray(v) && !ArrayBuffer.isView(v) && Object.prototype.toString.call(v) === '[object Object]';

const form = /^[a-zA-Z0-9\-_]+?\.[a-zA-Z0-9\-_]+?\.([a-zA-Z0-9\-_]+)?$/;
const header = (token) => { try { return JSON.parse(text(token.split('.')[0])); } catch (err) { return undefined; } };

function parse(token, json) {
  token = ArrayBuffer.isView(token) ? Buffer.from(token).toString() : String(token);
  const head = form.test(token) ? header(token) : undefined;
  if (!isObject(head)) return null;
  const parts = token.split('.');
  let payload = text(parts[1]);
  if (head.typ === 'JWT' || json) payload = JSON.parse(payload);
  return { header: head, payload, signature: parts[2] };
}

function decode(token, options) {
  const d = parse(token, options && options.json);
  if (!d) return null;
  if (typeof d.payload === 'string') {
    try {
      const o = JSON.parse(d.payload);
      if (isObject(o)) d.payload = o;
    } catch (err) { /* the payload is text */ }
  }
  return options && options.complete === true ? d : d.payload;
}

const HS = ['HS256', 'HS384', 'HS512'], RS = ['RS256', 'RS384', 'RS512'], PS = ['PS256', 'PS384', 'PS512'], ES = ['ES256', 'ES384', 'ES512'];
const isHMAC = (alg) => alg.slice(0, 2) === 'HS';
const isKeyObject = (k) => isObject(k) && typeof k.type === 'string' && typeof k.export === 'function';
const curves = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' };

const secretKey = (key) => crypto.createSecretKey(typeof key === 'string' ? Buffer.from(key) : key);
// looksPEM tells a key from a secret by its look: to parse a secret as a key is slow.
const looksPEM = (key) => isKeyObject(key) || isObject(key) && !ArrayBuffer.isView(key) || /-----BEGIN/.test(ArrayBuffer.isView(key) ? Buffer.from(key).toString('latin1') : String(key));

// signing adds what the algorithm needs to the key.
function signing(alg, key) {
  const o = isObject(key) && !isKeyObject(key) && !ArrayBuffer.isView(key) ? Object.assign({}, key) : { key };
  if (alg[0] === 'P') { o.padding = crypto.constants.RSA_PKCS1_PSS_PADDING; o.saltLength = crypto.constants.RSA_PSS_SALTLEN_DIGEST; }
  if (alg[0] === 'E') o.dsaEncoding = 'ieee-p1363';
  return o;
}
const digestOf = (alg) => 'sha' + alg.slice(2);

function signature(alg, data, key) {
  if (alg === 'none') return '';
  if (isHMAC(alg)) return crypto.createHmac(digestOf(alg), key).update(data).digest('base64url');
  return crypto.createSign(digestOf(alg)).update(data).sign(signing(alg, key), 'base64url');
}
function valid(alg, data, sig, key) {
  if (alg === 'none') return sig === '';
  if (isHMAC(alg)) {
    const want = crypto.createHmac(digestOf(alg), key).update(data).digest();
    const got = Buffer.from(sig, 'base64url');
    return want.length === got.length && crypto.timingSafeEqual(want, got);
  }
  return crypto.createVerify(digestOf(alg)).update(data).verify(signing(alg, key), sig, 'base64url');
}

const fits = (alg, key) => (alg[0] === 'E') === (key.asymmetricKeyType === 'ec');

const ofRSA = [...RS, ...PS];

// checkKey refuses a key whose type does not go with the algorithm.
function checkKey(alg, key) {
  const type = key.asymmetricKeyType;
  if (!type) return;
  const allowed = type === 'rsa' ? ofRSA : type === 'rsa-pss' ? PS : type === 'ec' ? ES : null;
  if (!allowed) throw new Error(`Unknown key type "${type}".`);
  if (!allowed.includes(alg)) throw new Error(`"alg" parameter for "${type}" key type must be one of: ${allowed.join(', ')}.`);
  if (type === 'ec' && key.asymmetricKeyDetails && key.asymmetricKeyDetails.namedCurve !== curves[alg]) {
    throw new Error(`"alg" parameter "${alg}" requires curve "${curves[alg]}".`);
  }
}

const isTime = (v) => Number.isInteger(v) || typeof v === 'string' && v !== '';
const isAudience = (v) => typeof v === 'string' || Array.isArray(v);
const optionRules = (algorithms) => ({ __proto__: null,
  expiresIn: [isTime, '"expiresIn" should be a number of seconds or string representing a timespan'],
  notBefore: [isTime, '"notBefore" should be a number of seconds or string representing a timespan'],
  audience: [isAudience, '"audience" must be a string or array'],
  algorithm: [(v) => algorithms.includes(v), '"algorithm" must be a valid string enum value'],
  header: [isPlain, '"header" must be an object'],
  encoding: [(v) => typeof v === 'string', '"encoding" must be a string'],
  issuer: [(v) => typeof v === 'string', '"issuer" must be a string'],
  subject: [(v) => typeof v === 'string', '"subject" must be a string'],
  jwtid: [(v) => typeof v === 'string', '"jwtid" must be a string'],
  noTimestamp: [(v) => typeof v === 'boolean', '"noTimestamp" must be a boolean'],
  keyid: [(v) => typeof v === 'string', '"keyid" must be a string'],
  mutatePayload: [(v) => typeof v === 'boolean', '"mutatePayload" must be a boolean'],
  allowInsecureKeySizes: [(v) => typeof v === 'boolean', '"allowInsecureKeySizes" must be a boolean'],
  allowInvalidAsymmetricKeyTypes: [(v) => typeof v === 'boolean', '"allowInvalidAsymmetricKeyTypes" must be a boolean'],
});
const payloadRules = { __proto__: null,
  iat: [Number.isFinite, 'should be a number of seconds'],
  exp: [Number.isFinite, 'should be a number of seconds'],
  nbf: [Number.isFinite, 'should be a number of seconds'],
};
const spans = { __proto__: null, notBefore: 'nbf', expiresIn: 'exp' };
const claims = { __proto__: null, audience: 'aud', issuer: 'iss', subject: 'sub', jwtid: 'jti' };

function checkOptions(options, rules) {
  if (!isPlain(options)) throw new Error('Expected "options" to be a plain object.');
  for (const k in options) {
    if (!Object.prototype.hasOwnProperty.call(options, k)) continue;
    const rule = rules[k];
    if (!rule) throw new Error(`"${k}" is not allowed in "options"`);
    if (options[k] === undefined || !rule[0](options[k])) throw new Error(rule[1]);
  }
}

module.exports = (major) => {
  const algorithms = [...RS, ...PS, ...ES, ...HS, 'none'];
  const rules = optionRules(algorithms);

  // lightKey is what is known of a key given as text, if the natives can sign with
  // it: the same members as of a KeyObject, with the text beside them.
  function lightKey(key, alg) {
    if (typeof key !== 'string' || key === '' || alg === 'none') return undefined;
    const k = !isHMAC(alg) || major > 8 && key.includes('-----BEGIN') ? native.signer(key) : { type: 'secret' };
    if (k) k.text = key;
    return k;
  }

  // signingKey is the key as a KeyObject, with the words of the original if it is none.
  function signingKey(key, alg) {
    if (isKeyObject(key)) return key;
    if (!key) return undefined;
    if (major < 9) {
      if (alg === 'none') return undefined;
      return isHMAC(alg) ? secretKey(key) : crypto.createPrivateKey(key);
    }
    if (!isHMAC(alg) || looksPEM(key)) {
      try { return crypto.createPrivateKey(key); } catch (err) { /* then it is a secret */ }
    }
    try { return secretKey(key); } catch (err) { throw new Error('secretOrPrivateKey is not valid key material'); }
  }

  function make(payload, key, options) {
    const alg = options.algorithm || 'HS256';
    const isObj = isObject(payload) && !ArrayBuffer.isView(payload);
    const head = Object.assign({ alg, typ: isObj ? 'JWT' : undefined, kid: options.keyid }, options.header);
    if (!key && alg !== 'none') throw new Error('secretOrPrivateKey must have a value');
    const keyOf = () => isObj && lightKey(key, alg) || signingKey(key, alg);
    let k;
    if (major > 8) k = keyOf();
    if (k && alg !== 'none') {
      if (isHMAC(alg) && k.type !== 'secret') throw new Error(`secretOrPrivateKey must be a symmetric key when using ${alg}`);
      if (!isHMAC(alg) && k.type !== 'private') throw new Error(`secretOrPrivateKey must be an asymmetric key when using ${alg}`);
      const size = k.asymmetricKeyDetails && k.asymmetricKeyDetails.modulusLength;
      if (!options.allowInsecureKeySizes && size !== undefined && size < 2048) throw new Error(`secretOrPrivateKey has a minimum key size of 2048 bits for ${alg}`);
    }
    if (payload === undefined) throw new Error('payload is required');
    if (isObj) {
      if (!isPlain(payload)) throw new Error('Expected "payload" to be a plain object.');
      for (const c in payloadRules) {
        if (payload[c] !== undefined && !payloadRules[c][0](payload[c])) throw new Error(`"${c}" ${payloadRules[c][1]}`);
      }
      if (!options.mutatePayload) payload = Object.assign({}, payload);
    } else {
      const bad = ['expiresIn', 'notBefore', 'noTimestamp', 'audience', 'issuer', 'subject', 'jwtid'].filter((o) => options[o] !== undefined);
      if (bad.length > 0) throw new Error('invalid ' + bad.join(',') + ' option for ' + typeof payload + ' payload');
    }
    if (isObj && payload.exp !== undefined && options.expiresIn !== undefined) throw new Error('Bad "options.expiresIn" option the payload already has an "exp" property.');
    if (isObj && payload.nbf !== undefined && options.notBefore !== undefined) throw new Error('Bad "options.notBefore" option the payload already has an "nbf" property.');
    checkOptions(options, rules);
    if (major > 8 && k && alg !== 'none' && !options.allowInvalidAsymmetricKeyTypes) checkKey(alg, k);
    if (isObj) fill(payload, options);
    if (major < 9) k = keyOf();
    if (k && k.text) {
      const token = native.sign(alg, JSON.stringify(head), JSON.stringify(payload), k.text);
      if (token !== undefined) return token;
      k = signingKey(key, alg);
    }
    const data = encode(head) + '.' + (isObj ? encode(payload) : Buffer.from(typeof payload === 'string' || ArrayBuffer.isView(payload) ? payload : JSON.stringify(payload)).toString('base64url'));
    return data + '.' + signature(alg, data, k);
  }

  function fill(payload, options) {
    const now = payload.iat || Math.floor(Date.now() / 1000);
    if (options.noTimestamp) delete payload.iat;
    else payload.iat = now;
    for (const o in spans) {
      if (options[o] === undefined) continue;
      const at = timespan(options[o], now);
      if (at === undefined) throw new Error(`"${o}" should be a number of seconds or string representing a timespan eg: "1d", "20h", 60`);
      payload[spans[o]] = at;
    }
    for (const o in claims) {
      if (options[o] === undefined) continue;
      if (payload[claims[o]] !== undefined) throw new Error(`Bad "options.${o}" option. The payload already has an "${claims[o]}" property.`);
      payload[claims[o]] = options[o];
    }
  }

  function sign(payload, key, options, callback) {
    if (typeof options === 'function') { callback = options; options = {}; }
    options = options || {};
    if (!callback) return make(payload, key, options);
    let token, failed = null;
    try { token = make(payload, key, options); } catch (err) { failed = err; }
    setImmediate(() => (failed ? callback(failed) : callback(null, token)));
    return undefined;
  }

  function verify(token, key, options, callback) {
    if (typeof options === 'function') { callback = options; options = {}; }
    if (!callback) {
      options = options || {};
      checkUse(token, options);
      if (typeof key !== 'function') return proved(token, key, options);
      opened(token);
      throw new JsonWebTokenError('verify must be called asynchronous if secret or public key is provided as a callback');
    }
    options = Object.assign({}, options);
    const done = (f) => {
      let v, failed = null;
      try { v = f(); } catch (err) { failed = err; }
      if (failed) callback(failed);
      else callback(null, v);
    };
    let d;
    try {
      checkUse(token, options);
      if (typeof key === 'function') d = opened(token);
    } catch (err) { return void callback(err); }
    if (!d) return void done(() => proved(token, key, options));
    return void key(d.header, (err, k) => done(() => {
      if (err) throw new JsonWebTokenError('error in secret or public key callback: ' + err.message);
      return proved(token, k, options, d);
    }));
  }

  function checkUse(token, options) {
    if (options.clockTimestamp && typeof options.clockTimestamp !== 'number') throw new JsonWebTokenError('clockTimestamp must be a number');
    if (options.nonce !== undefined && (typeof options.nonce !== 'string' || options.nonce.trim() === '')) throw new JsonWebTokenError('nonce must be a non-empty string');
    if (options.allowInvalidAsymmetricKeyTypes !== undefined && typeof options.allowInvalidAsymmetricKeyTypes !== 'boolean') throw new JsonWebTokenError('allowInvalidAsymmetricKeyTypes must be a boolean');
    if (!token) throw new JsonWebTokenError('jwt must be provided');
    if (typeof token !== 'string') throw new JsonWebTokenError('jwt must be a string');
  }

  // opened is the token's parts, which nothing vouches for yet.
  function opened(token) {
    if (token.split('.').length !== 3) throw new JsonWebTokenError('jwt malformed');
    const d = decode(token, { complete: true });
    if (!d) throw new JsonWebTokenError('invalid token');
    return d;
  }

  // proved is what verify gives. d is what opened gave, if it was asked.
  function proved(token, key, options, d) {
    const k = typeof key === 'string' ? native.open(token, key) : undefined;
    return k ? accept(token, k, options) : check(token, d || opened(token), key, options);
  }

  // verifyingKey is the key, which looks like one, as a KeyObject. One that cannot
  // be read is no secret: all the world knows a public key, and could sign with it.
  function verifyingKey(key) {
    if (isKeyObject(key)) return key;
    try { return crypto.createPublicKey(key); } catch (err) {
      throw new JsonWebTokenError('secretOrPublicKey is not valid key material');
    }
  }

  // defaults are the algorithms that a key allows if the options name none.
  function defaults(k) {
    if (k.type === 'secret') return HS;
    if (major < 9) return [...RS, ...PS, ...ES];
    return k.asymmetricKeyType === 'rsa' ? [...RS, ...PS] : k.asymmetricKeyType === 'ec' ? ES : [...RS, ...PS, ...ES];
  }

  // accept is check for a token whose signature the natives found right.
  function accept(token, k, options) {
    checkAlgorithm(k.alg, k, options);
    checkClaims(k.payload, options);
    return options.complete === true ? { header: header(token), payload: k.payload, signature: token.slice(token.lastIndexOf('.') + 1) } : k.payload;
  }

  // checkAlgorithm refuses one that is not allowed, or not with this key.
  function checkAlgorithm(alg, k, options) {
    const allowed = options.algorithms || defaults(k);
    if (!allowed.includes(alg) || !algorithms.includes(alg)) throw new JsonWebTokenError('invalid algorithm');
    if (k && isHMAC(alg) && k.type !== 'secret') {
      throw new JsonWebTokenError(major > 8 ? `secretOrPublicKey must be a symmetric key when using ${alg}` : 'invalid algorithm');
    }
    if (k && !isHMAC(alg) && k.type === 'secret') {
      if (major > 8) throw new JsonWebTokenError(`secretOrPublicKey must be an asymmetric key when using ${alg}`);
      throw new JsonWebTokenError('invalid signature');
    }
    if (major > 8 && k && !options.allowInvalidAsymmetricKeyTypes) checkKey(alg, k);
    if (major < 9 && k && k.asymmetricKeyType && !fits(alg, k)) throw new JsonWebTokenError('invalid signature');
  }

  function check(token, d, key, options) {
    const parts = token.split('.');
    const signed = parts[2].trim() !== '';
    if (!signed && key) throw new JsonWebTokenError('jwt signature is required');
    if (signed && !key) throw new JsonWebTokenError('secret or public key must be provided');
    // Generation 8 let an unsigned token pass for want of a key (CVE-2022-23540).
    if (!signed && !options.algorithms) throw new JsonWebTokenError('please specify "none" in "algorithms" to verify unsigned tokens');
    const alg = d.header.alg;
    const k = key ? (looksPEM(key) ? verifyingKey(key) : secretKey(key)) : undefined;
    checkAlgorithm(alg, k, options);
    if (!valid(alg, parts[0] + '.' + parts[1], parts[2], k)) throw new JsonWebTokenError('invalid signature');
    checkClaims(d.payload, options);
    return options.complete === true ? { header: d.header, payload: d.payload, signature: d.signature } : d.payload;
  }

  function checkClaims(p, o) {
    const now = o.clockTimestamp || Math.floor(Date.now() / 1000);
    const slack = o.clockTolerance || 0;
    if (p.nbf !== undefined && !o.ignoreNotBefore) {
      if (typeof p.nbf !== 'number') throw new JsonWebTokenError('invalid nbf value');
      if (p.nbf > now + slack) throw new NotBeforeError('jwt not active', new Date(p.nbf * 1000));
    }
    if (p.exp !== undefined && !o.ignoreExpiration) {
      if (typeof p.exp !== 'number') throw new JsonWebTokenError('invalid exp value');
      if (now >= p.exp + slack) throw new TokenExpiredError('jwt expired', new Date(p.exp * 1000));
    }
    if (o.audience) {
      const want = [].concat(o.audience), got = [].concat(p.aud);
      const ok = got.some((a) => want.some((w) => (w instanceof RegExp ? w.test(a) : w === a)));
      if (!ok) throw new JsonWebTokenError('jwt audience invalid. expected: ' + want.join(' or '));
    }
    if (o.issuer) {
      const ok = Array.isArray(o.issuer) ? o.issuer.includes(p.iss) : p.iss === o.issuer;
      if (!ok) throw new JsonWebTokenError('jwt issuer invalid. expected: ' + o.issuer);
    }
    if (o.subject && p.sub !== o.subject) throw new JsonWebTokenError('jwt subject invalid. expected: ' + o.subject);
    if (o.jwtid && p.jti !== o.jwtid) throw new JsonWebTokenError('jwt jwtid invalid. expected: ' + o.jwtid);
    if (o.nonce && p.nonce !== o.nonce) throw new JsonWebTokenError('jwt nonce invalid. expected: ' + o.nonce);
    if (o.maxAge) {
      if (typeof p.iat !== 'number') throw new JsonWebTokenError('iat required when maxAge is specified');
      const until = timespan(o.maxAge, p.iat);
      if (until === undefined) throw new JsonWebTokenError('"maxAge" should be a number of seconds or string representing a timespan eg: "1d", "20h", 60');
      if (now >= until + slack) throw new TokenExpiredError('maxAge exceeded', new Date(until * 1000));
    }
  }

  return { decode, verify, sign, JsonWebTokenError, NotBeforeError, TokenExpiredError };
};
