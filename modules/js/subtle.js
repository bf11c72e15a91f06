'use strict';
// crypto.subtle over the natives of Node's crypto.
const DOMException = require('internal/domexception');
const { kKey, plainJWK, native: keys } = require('internal/crypto/keys');

const dom = (name, message) => new DOMException(message, name);
const notSupported = (message) => dom('NotSupportedError', message);
const arrayBuffer = (u) => (u.byteLength === u.buffer.byteLength ? u.buffer : u.buffer.slice(u.byteOffset, u.byteOffset + u.byteLength));
const S = () => require('internal/crypto/sign');
const kInfo = Symbol('info');

class CryptoKey {
  constructor() { throw Object.assign(new TypeError('Illegal constructor'), { code: 'ERR_ILLEGAL_CONSTRUCTOR' }); }
  get type() { return this[kInfo].type; }
  get extractable() { return this[kInfo].extractable; }
  get algorithm() { return this[kInfo].algorithm; }
  get usages() { return Array.from(this[kInfo].usages); }
  get [Symbol.toStringTag]() { return 'CryptoKey'; }
}

function makeKey(key, algorithm, extractable, usages) {
  const k = Object.create(CryptoKey.prototype);
  Object.defineProperty(k, kKey, { value: key });
  Object.defineProperty(k, kInfo, { value: { type: key.kind, extractable: !!extractable, algorithm, usages } });
  return k;
}

const hashes = { 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512', 'SHA3-256': 'sha3-256', 'SHA3-384': 'sha3-384', 'SHA3-512': 'sha3-512' };
const hashBits = { 'SHA-1': 512, 'SHA-256': 512, 'SHA-384': 1024, 'SHA-512': 1024, 'SHA3-256': 1088, 'SHA3-384': 832, 'SHA3-512': 576 };
const names = ['HMAC', 'RSASSA-PKCS1-v1_5', 'RSA-PSS', 'RSA-OAEP', 'ECDSA', 'ECDH', 'Ed25519', 'X25519', 'AES-GCM', 'AES-CBC', 'AES-CTR', 'PBKDF2', 'HKDF'];
const canonical = (list, name) => list.find((n) => n.toLowerCase() === String(name).toLowerCase());

// algorithmOf normalizes an algorithm: an object with the canonical name and hash.
function algorithmOf(a, what) {
  const o = typeof a === 'string' ? { name: a } : a;
  if (typeof o !== 'object' || o === null) throw new TypeError(`Failed to execute '${what}' on 'SubtleCrypto': the algorithm is not a string or an object.`);
  const name = canonical(names, o.name);
  if (!name) throw notSupported('Unrecognized algorithm name');
  const out = Object.assign({}, o, { name });
  if (o.hash !== undefined) out.hash = { name: hashOf(o.hash) };
  return out;
}

function hashOf(h) {
  const name = canonical(Object.keys(hashes), typeof h === 'string' ? h : h && h.name);
  if (!name) throw notSupported('Unrecognized algorithm name');
  return name;
}

function bytes(v, what) {
  if (ArrayBuffer.isView(v)) return new Uint8Array(v.buffer, v.byteOffset, v.byteLength);
  if (v instanceof ArrayBuffer) return new Uint8Array(v);
  throw Object.assign(new TypeError(`Failed to execute on 'SubtleCrypto': ${what || 'data'} is not instance of ArrayBuffer, Buffer, TypedArray, or DataView.`), { code: 'ERR_INVALID_ARG_TYPE' });
}

const copy = (v, what) => new Uint8Array(bytes(v, what));

function usable(key, algorithm, usage) {
  if (!(key instanceof CryptoKey)) throw new TypeError('the key is not a CryptoKey');
  if (key[kInfo].algorithm.name !== algorithm.name) throw dom('InvalidAccessError', 'Key algorithm mismatch');
  if (!key[kInfo].usages.includes(usage)) throw dom('InvalidAccessError', `Unable to use this key to ${usage}`);
  return key[kKey].h;
}

const allowed = {
  HMAC: { secret: ['sign', 'verify'] },
  'RSASSA-PKCS1-v1_5': { private: ['sign'], public: ['verify'] },
  'RSA-PSS': { private: ['sign'], public: ['verify'] },
  'RSA-OAEP': { private: ['decrypt', 'unwrapKey'], public: ['encrypt', 'wrapKey'] },
  ECDSA: { private: ['sign'], public: ['verify'] },
  Ed25519: { private: ['sign'], public: ['verify'] },
  ECDH: { private: ['deriveKey', 'deriveBits'], public: [] },
  X25519: { private: ['deriveKey', 'deriveBits'], public: [] },
  'AES-GCM': { secret: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] },
  'AES-CBC': { secret: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] },
  'AES-CTR': { secret: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] },
  PBKDF2: { secret: ['deriveKey', 'deriveBits'] },
  HKDF: { secret: ['deriveKey', 'deriveBits'] },
};
const allUsages = ['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'];

function usagesFor(algorithm, kind, usages) {
  const list = Array.from(usages || []);
  for (const u of list) {
    if (!allUsages.includes(u)) throw new TypeError(`'${u}' is not a valid enum value of type KeyUsage.`);
    if (!(allowed[algorithm.name][kind] || []).includes(u)) throw dom('SyntaxError', `Unsupported key usage for a ${algorithm.name} key`);
  }
  if (!list.length && kind !== 'public') throw dom('SyntaxError', 'Usages cannot be empty when importing a ' + kind + ' key.');
  return allUsages.filter((u) => list.includes(u));
}

// keyAlgorithm is what CryptoKey.algorithm shows.
function keyAlgorithm(a, key) {
  const { name } = a;
  if (/^RSA/.test(name)) {
    const e = [];
    for (let n = BigInt(key.publicExponent); n > 0n; n >>= 8n) e.unshift(Number(n & 255n));
    return { name, modulusLength: key.modulusLength, publicExponent: new Uint8Array(e), hash: a.hash };
  }
  if (name === 'ECDSA' || name === 'ECDH') return { name, namedCurve: a.namedCurve };
  if (/^AES/.test(name)) return { name, length: key.size * 8 };
  if (name === 'HMAC') return { name, length: a.length || key.size * 8, hash: a.hash };
  return { name };
}

function checkFit(a, key) {
  const want = /^RSA/.test(a.name) ? 'rsa' : a.name === 'ECDSA' || a.name === 'ECDH' ? 'ec' : a.name === 'Ed25519' ? 'ed25519' : a.name === 'X25519' ? 'x25519' : undefined;
  if (key.kind !== 'secret' && key.type !== want || key.kind === 'secret' && want) throw dom('DataError', 'Invalid key type');
  if (want === 'ec') {
    const curve = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }[key.namedCurve];
    if (curve !== a.namedCurve) throw dom('DataError', 'Named curve mismatch');
  }
  if (/^AES/.test(a.name) && ![16, 24, 32].includes(key.size)) throw dom('DataError', 'Invalid key length');
  if ((/^RSA/.test(a.name) || a.name === 'HMAC') && !a.hash) throw new TypeError('algorithm.hash is required');
  if (a.name === 'HMAC' && key.size === 0) throw dom('DataError', 'Zero-length key is not supported');
  return key;
}

function importKey(format, data, algorithm, extractable, usages) {
  const a = algorithmOf(algorithm, 'importKey');
  let key;
  try {
    key = parse(format, data, a);
  } catch (err) {
    if (err instanceof DOMException || err instanceof TypeError) throw err;
    throw dom('DataError', err.message);
  }
  checkFit(a, key);
  if ((a.name === 'PBKDF2' || a.name === 'HKDF') && extractable) throw dom('SyntaxError', `${a.name} keys are not extractable`);
  return makeKey(key, keyAlgorithm(a, key), extractable, usagesFor(a, key.kind, usages));
}

function parse(format, data, a) {
  const secret = allowed[a.name].secret;
  switch (format) {
    case 'raw':
    case 'raw-secret':
    case 'raw-public':
      if (secret) return keys.secret(copy(data, 'keyData'));
      if (/^RSA/.test(a.name)) throw notSupported(`Unable to import ${a.name} using ${format} format`);
      return keys.fromRaw(a.name === 'ECDSA' || a.name === 'ECDH' ? a.namedCurve : a.name, copy(data, 'keyData'));
    case 'jwk': {
      if (typeof data !== 'object' || data === null) throw new TypeError('keyData is not a JsonWebKey');
      const kind = data.kty === 'oct' ? 'secret' : data.d === undefined ? 'public' : 'private';
      return keys.fromJWK(kind, plainJWK(data));
    }
    case 'pkcs8': return keys.parse('private', 'der', 'pkcs8', copy(data, 'keyData'), null);
    case 'spki': return keys.parse('public', 'der', 'spki', copy(data, 'keyData'), null);
    default: throw new TypeError(`'${format}' is not a valid enum value of type KeyFormat.`);
  }
}

function exportKey(format, key) {
  if (!(key instanceof CryptoKey)) throw new TypeError('the key is not a CryptoKey');
  const info = key[kInfo], h = key[kKey].h;
  if (!info.extractable) throw dom('InvalidAccessError', 'key is not extractable');
  switch (format) {
    case 'raw':
      if (info.type === 'private' || /^RSA/.test(info.algorithm.name)) throw dom('InvalidAccessError', `Unable to export a raw ${info.algorithm.name} ${info.type} key`);
      return arrayBuffer(keys.raw(h));
    case 'jwk': return jwk(info, keys.jwk(h));
    case 'pkcs8':
      if (info.type !== 'private') throw dom('InvalidAccessError', 'Unable to export a key that is not private as pkcs8');
      return arrayBuffer(keys.export(h, 'der', 'pkcs8'));
    case 'spki':
      if (info.type !== 'public') throw dom('InvalidAccessError', 'Unable to export a key that is not public as spki');
      return arrayBuffer(keys.export(h, 'der', 'spki'));
    default: throw new TypeError(`'${format}' is not a valid enum value of type KeyFormat.`);
  }
}

function jwk(info, out) {
  const { name, hash, length } = info.algorithm;
  const bits = hash && hash.name.replace(/^SHA-?/, '');
  const alg = {
    HMAC: () => 'HS' + bits, 'RSASSA-PKCS1-v1_5': () => 'RS' + bits, 'RSA-PSS': () => 'PS' + bits,
    'RSA-OAEP': () => (bits === '1' ? 'RSA-OAEP' : 'RSA-OAEP-' + bits),
    'AES-GCM': () => `A${length}GCM`, 'AES-CBC': () => `A${length}CBC`, 'AES-CTR': () => `A${length}CTR`,
  }[name];
  const head = { key_ops: Array.from(info.usages), ext: info.extractable };
  return Object.assign(head, out, alg ? { alg: alg() } : undefined);
}

function generateKey(algorithm, extractable, usages) {
  const a = algorithmOf(algorithm, 'generateKey');
  const list = Array.from(usages || []);
  if (/^AES|^HMAC$/.test(a.name)) {
    let length = a.length;
    if (a.name === 'HMAC') {
      if (!a.hash) throw new TypeError('algorithm.hash is required');
      if (length === undefined) length = hashBits[a.hash.name];
    } else if (![128, 192, 256].includes(length)) throw dom('OperationError', 'Invalid key length');
    if (!(length > 0 && length <= 65536)) throw dom('OperationError', 'Invalid key length');
    const key = keys.secret(require('internal/crypto/random').randomBytes(Math.ceil(length / 8)));
    return makeKey(key, keyAlgorithm(a, key), extractable, usagesFor(a, 'secret', list));
  }
  let args;
  if (/^RSA/.test(a.name)) {
    if (!a.hash) throw new TypeError('algorithm.hash is required');
    const e = a.publicExponent ? Array.from(bytes(a.publicExponent)).reduce((n, b) => n * 256 + b, 0) : 0;
    if (e !== 65537) throw dom('OperationError', 'the public exponent must be 65537');
    args = ['rsa', a.modulusLength, e];
  } else if (a.name === 'ECDSA' || a.name === 'ECDH') {
    if (!['P-256', 'P-384', 'P-521'].includes(a.namedCurve)) throw notSupported('Unrecognized namedCurve');
    args = ['ec', a.namedCurve, null];
  } else if (a.name === 'Ed25519' || a.name === 'X25519') {
    args = [a.name.toLowerCase(), null, null];
  } else throw notSupported(`Unable to generate a ${a.name} key`);
  const rules = allowed[a.name];
  for (const u of list) if (!rules.private.includes(u) && !rules.public.includes(u)) throw dom('SyntaxError', `Unsupported key usage for a ${a.name} key`);
  const of = (kind) => usagesFor(a, kind, list.filter((u) => rules[kind].includes(u)));
  if (!list.some((u) => rules.private.includes(u))) throw dom('SyntaxError', 'Usages cannot be empty when creating a key.');
  return keys.generate(...args, true).then((slot) => {
    const priv = keys.take(slot), pub = keys.public(priv.h);
    return {
      publicKey: makeKey(pub, keyAlgorithm(a, pub), true, of('public')),
      privateKey: makeKey(priv, keyAlgorithm(a, priv), extractable, of('private')),
    };
  });
}

// signChoices are the native's padding, salt length and form.
function signChoices(a, key) {
  const info = key[kInfo].algorithm;
  switch (a.name) {
    case 'RSASSA-PKCS1-v1_5': return [hashes[info.hash.name], 1, null, false];
    case 'RSA-PSS':
      if (typeof a.saltLength !== 'number') throw new TypeError('algorithm.saltLength is required');
      return [hashes[info.hash.name], 6, a.saltLength, false];
    case 'ECDSA':
      if (!a.hash) throw new TypeError('algorithm.hash is required');
      return [hashes[a.hash.name], null, null, true];
    case 'Ed25519': return [null, null, null, false];
    default: throw notSupported(`${a.name} does not sign`);
  }
}

function hmacOf(key, h, data) {
  const { native } = require('internal/crypto/hash');
  const m = require('internal/crypto/hmac').native.hmac(hashes[key[kInfo].algorithm.hash.name], h);
  native.update(m, data);
  return native.digest(m);
}

function sign(algorithm, key, data) {
  const a = algorithmOf(algorithm, 'sign');
  const h = usable(key, a, 'sign');
  if (a.name === 'HMAC') return arrayBuffer(hmacOf(key, h, bytes(data)));
  const [alg, padding, salt, p1363] = signChoices(a, key);
  return arrayBuffer(S().native.sign(h, alg, bytes(data), padding, salt, p1363));
}

function verify(algorithm, key, signature, data) {
  const a = algorithmOf(algorithm, 'verify');
  const h = usable(key, a, 'verify');
  const sig = bytes(signature, 'signature');
  if (a.name === 'HMAC') {
    const mac = hmacOf(key, h, bytes(data));
    return mac.byteLength === sig.byteLength && require('internal/crypto/random').timingSafeEqual(mac, sig);
  }
  const [alg, padding, salt, p1363] = signChoices(a, key);
  return S().native.verify(h, alg, bytes(data), padding, salt, p1363, sig);
}

function crypt(encrypt, algorithm, key, input) {
  const a = algorithmOf(algorithm, encrypt ? 'encrypt' : 'decrypt');
  const h = usable(key, a, encrypt ? 'encrypt' : 'decrypt');
  const data = bytes(input);
  try {
    if (a.name === 'RSA-OAEP') {
      const label = a.label === undefined ? null : bytes(a.label);
      return arrayBuffer(S().native.rsa(h, encrypt ? 'publicEncrypt' : 'privateDecrypt', data, 4, hashes[key[kInfo].algorithm.hash.name], label));
    }
    return arrayBuffer(aes(encrypt, a, key, h, data));
  } catch (err) {
    if (err instanceof DOMException || err instanceof TypeError && err.code !== 'ERR_CRYPTO_INVALID_IV') throw err;
    throw dom('OperationError', 'The operation failed for an operation-specific reason');
  }
}

function aes(encrypt, a, key, h, data) {
  const { native } = require('internal/crypto/cipher');
  const { length } = key[kInfo].algorithm;
  const join = (parts) => require('buffer').Buffer.concat(parts);
  if (a.name === 'AES-CBC') {
    const c = native.create(`aes-${length}-cbc`, h, bytes(a.iv, 'algorithm.iv'), encrypt, null);
    return join([native.update(c, data), native.final(c)]);
  }
  if (a.name === 'AES-CTR') {
    const counter = bytes(a.counter, 'algorithm.counter');
    if (counter.byteLength !== 16 || !(a.length >= 1 && a.length <= 128)) throw dom('OperationError', 'algorithm.counter must be 16 bytes and algorithm.length from 1 to 128');
    return ctr(native, length, h, counter, a.length, data);
  }
  if (a.name !== 'AES-GCM') throw notSupported(`${a.name} does not encrypt`);
  const tagLength = a.tagLength === undefined ? 128 : a.tagLength;
  if (![32, 64, 96, 104, 112, 120, 128].includes(tagLength)) throw dom('OperationError', `${tagLength} is not a valid AES-GCM tag length`);
  const n = tagLength / 8;
  if (!encrypt && data.byteLength < n) throw dom('OperationError', 'The provided data is too small.');
  const c = native.create(`aes-${length}-gcm`, h, bytes(a.iv, 'algorithm.iv'), encrypt, n);
  if (a.additionalData !== undefined) native.aad(c, bytes(a.additionalData));
  if (encrypt) return join([native.update(c, data), native.final(c), native.tag(c)]);
  const body = data.subarray(0, data.byteLength - n);
  native.setTag(c, data.subarray(data.byteLength - n), null, n);
  return join([native.update(c, body), native.final(c)]);
}

// ctr counts in the last `bits` bits only, as the standard says: where they
// wrap, the stream starts again with them at zero.
function ctr(native, keyLength, h, counter, bits, data) {
  const full = counter.reduce((n, b) => n << 8n | BigInt(b), 0n);
  const size = 1n << BigInt(bits);
  const blocks = BigInt(Math.ceil(data.byteLength / 16));
  if (blocks > size) throw dom('OperationError', 'The counter would repeat');
  const left = Number((size - full % size) * 16n < BigInt(data.byteLength) ? (size - full % size) * 16n : BigInt(data.byteLength));
  const run = (start, part) => {
    const iv = new Uint8Array(16);
    for (let i = 15, n = start; i >= 0; i--, n >>= 8n) iv[i] = Number(n & 255n);
    return native.update(native.create(`aes-${keyLength}-ctr`, h, iv, true, null), part);
  };
  const parts = [run(full, data.subarray(0, left))];
  if (left < data.byteLength) parts.push(run(full - full % size, data.subarray(left)));
  return require('buffer').Buffer.concat(parts);
}

// deriveBits gives a Uint8Array, or a Promise of one.
function derive(a, key, usage, length) {
  const h = usable(key, a, usage);
  if (a.name === 'ECDH' || a.name === 'X25519') {
    if (!(a.public instanceof CryptoKey)) throw new TypeError('algorithm.public is not a CryptoKey');
    if (a.public[kInfo].type !== 'public' || a.public[kInfo].algorithm.name !== a.name || a.public[kInfo].algorithm.namedCurve !== key[kInfo].algorithm.namedCurve) {
      throw dom('InvalidAccessError', 'algorithm.public must be a public key of the same curve');
    }
    const secret = keys.agree(h, a.public[kKey].h);
    if (length === null || length === undefined) return secret;
    if (length > secret.byteLength * 8) throw dom('OperationError', 'derived bit length is too large');
    const out = secret.slice(0, Math.ceil(length / 8));
    if (length % 8) out[out.length - 1] &= 255 << (8 - length % 8);
    return out;
  }
  if (typeof length !== 'number' || length % 8 !== 0) throw dom('OperationError', 'length must be a multiple of 8');
  if (!a.hash) throw new TypeError('algorithm.hash is required');
  const kdf = require('internal/crypto/kdf').native;
  if (a.name === 'PBKDF2') {
    if (!(a.iterations > 0)) throw dom('OperationError', 'iterations cannot be zero');
    return kdf.pbkdf2(h, bytes(a.salt, 'algorithm.salt'), a.iterations, length / 8, hashes[a.hash.name], true);
  }
  if (a.name === 'HKDF') {
    try {
      return kdf.hkdf(hashes[a.hash.name], h, bytes(a.salt, 'algorithm.salt'), bytes(a.info, 'algorithm.info'), length / 8);
    } catch (err) { throw err instanceof TypeError ? err : dom('OperationError', err.message); }
  }
  throw notSupported(`${a.name} does not derive bits`);
}

function lengthOf(a) {
  if (/^AES/.test(a.name)) {
    if (![128, 192, 256].includes(a.length)) throw dom('OperationError', 'Invalid key length');
    return a.length;
  }
  if (a.name === 'HMAC') return a.length === undefined ? hashBits[a.hash.name] : a.length;
  return null;
}

class SubtleCrypto {
  constructor() { throw Object.assign(new TypeError('Illegal constructor'), { code: 'ERR_ILLEGAL_CONSTRUCTOR' }); }
  async digest(algorithm, data) {
    const name = hashOf(algorithm);
    return arrayBuffer(require('internal/crypto/hash_more').once(hashes[name], bytes(data)));
  }
  async importKey(format, data, algorithm, extractable, usages) { return importKey(format, data, algorithm, extractable, usages); }
  async exportKey(format, key) { return exportKey(format, key); }
  async generateKey(algorithm, extractable, usages) { return generateKey(algorithm, extractable, usages); }
  async sign(algorithm, key, data) { return sign(algorithm, key, data); }
  async verify(algorithm, key, signature, data) { return verify(algorithm, key, signature, data); }
  async encrypt(algorithm, key, data) { return crypt(true, algorithm, key, data); }
  async decrypt(algorithm, key, data) { return crypt(false, algorithm, key, data); }
  async deriveBits(algorithm, key, length) { return arrayBuffer(await derive(algorithmOf(algorithm, 'deriveBits'), key, 'deriveBits', length)); }
  async deriveKey(algorithm, key, derived, extractable, usages) {
    const to = algorithmOf(derived, 'deriveKey');
    const u = await derive(algorithmOf(algorithm, 'deriveKey'), key, 'deriveKey', lengthOf(to));
    return importKey('raw', u, to, extractable, usages);
  }
  async wrapKey(format, key, wrapping, algorithm) {
    const out = exportKey(format, key);
    const data = format === 'jwk' ? require('buffer').Buffer.from(JSON.stringify(out)) : out;
    return crypt(true, algorithm, unlocked(wrapping, 'wrapKey', 'encrypt'), data);
  }
  async unwrapKey(format, wrapped, unwrapping, algorithm, keyAlg, extractable, usages) {
    const data = crypt(false, algorithm, unlocked(unwrapping, 'unwrapKey', 'decrypt'), wrapped);
    return importKey(format, format === 'jwk' ? JSON.parse(require('buffer').Buffer.from(data).toString()) : data, keyAlg, extractable, usages);
  }
  get [Symbol.toStringTag]() { return 'SubtleCrypto'; }
}

// unlocked is the key with the usage that wrapping or unwrapping stands for.
function unlocked(key, usage, as) {
  if (!(key instanceof CryptoKey)) throw new TypeError('the key is not a CryptoKey');
  const i = key[kInfo];
  if (!i.usages.includes(usage)) throw dom('InvalidAccessError', `Unable to use this key to ${usage}`);
  return makeKey(key[kKey], i.algorithm, i.extractable, [as]);
}

module.exports = { subtle: Object.create(SubtleCrypto.prototype), SubtleCrypto, CryptoKey };
