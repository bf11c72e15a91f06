'use strict';
const invalid = (name, want, v) => require('internal/errors').invalidType(name, want, v);
const buffer = (u) => require('internal/crypto/output')(u);
const isBytes = (v) => ArrayBuffer.isView(v) || v instanceof ArrayBuffer;
const kKey = Symbol('key'); // what the native side says of a key: {h, kind, type, …}
const coded = (Class, code, message) => Object.assign(new Class(message), { code });

class KeyObject {
  constructor(kind, key) {
    if (new.target === KeyObject || !key || typeof key.h !== 'number') throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', 'KeyObject is made by createSecretKey, createPrivateKey and createPublicKey');
    Object.defineProperty(this, kKey, { value: key });
  }
  get type() { return this[kKey].kind; }
  equals(other) {
    if (!(other instanceof KeyObject)) throw invalid('otherKeyObject', 'an instance of KeyObject', other);
    return native.equal(this[kKey].h, other[kKey].h);
  }
  get [Symbol.toStringTag]() { return 'KeyObject'; }
  static from(key) {
    const k = key && key[kKey];
    if (!k || key instanceof KeyObject) throw invalid('key', 'an instance of CryptoKey', key);
    return wrap(k);
  }
}

class SecretKeyObject extends KeyObject {
  get symmetricKeySize() { return this[kKey].size; }
  export(options) {
    const format = options && options.format;
    if (format === 'jwk') return native.jwk(this[kKey].h);
    if (format !== undefined && format !== 'buffer') throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The property 'options.format' must be one of: undefined, 'buffer', 'jwk'. Received '${format}'`);
    return buffer(native.raw(this[kKey].h));
  }
}

class AsymmetricKeyObject extends KeyObject {
  get asymmetricKeyType() { return this[kKey].type; }
  get asymmetricKeyDetails() {
    const { modulusLength, publicExponent, namedCurve } = this[kKey];
    if (modulusLength !== undefined) return { modulusLength, publicExponent };
    return namedCurve !== undefined ? { namedCurve } : {};
  }
  export(options) { return exportKey(this[kKey], options); }
}
class PublicKeyObject extends AsymmetricKeyObject {}
class PrivateKeyObject extends AsymmetricKeyObject {}

function exportKey(key, options) {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'of type object', options);
  const { format, type, cipher, passphrase } = options;
  if (format === 'jwk') return native.jwk(key.h);
  if (format !== 'pem' && format !== 'der') throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The property 'options.format' is invalid. Received ${String(format)}`);
  if (typeof type !== 'string') throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The property 'options.type' is invalid. Received ${String(type)}`);
  if (cipher !== undefined && cipher !== null) {
    if (passphrase === undefined) throw invalid('options.passphrase', 'of type string or an instance of Buffer', passphrase);
    const out = native.export(key.h, format, type, cipher, passphrase);
    return typeof out === 'string' ? out : buffer(out);
  }
  const out = native.export(key.h, format, type);
  return typeof out === 'string' ? out : buffer(out);
}

function wrap(key) {
  const Class = key.kind === 'secret' ? SecretKeyObject : key.kind === 'public' ? PublicKeyObject : PrivateKeyObject;
  return new Class(key.kind, key);
}

// handleOf is the handle of a KeyObject or CryptoKey, undefined for other values.
const handleOf = (v) => (v && v[kKey] ? v[kKey].h : undefined);

// read gives {h, kind, …} for all that Node's functions take as an asymmetric
// key: KeyObject, CryptoKey, PEM, or {key, format, type, passphrase, encoding}.
// kind is 'private' or 'public'; `temp` says that the caller drops the handle.
function read(kind, v) {
  if (v && v[kKey]) return settled(kind, v[kKey], false);
  let format, type, passphrase, encoding, data = v;
  if (typeof v === 'object' && v !== null && !isBytes(v)) {
    ({ key: data, format, type, passphrase, encoding } = v);
    if (data && data[kKey]) return settled(kind, data[kKey], false);
    if (format === 'jwk') {
      if (typeof data !== 'object' || data === null) throw invalid('key.key', 'of type object', data);
      return temp(native.fromJWK(kind === 'public' || data.d === undefined && data.kty !== 'oct' ? 'public' : kind, plainJWK(data)), kind);
    }
  }
  if (typeof data === 'string' && encoding && encoding !== 'utf8') data = Buffer.from(data, encoding);
  if (typeof data !== 'string' && !isBytes(data)) {
    throw invalid('key', 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey', data);
  }
  return temp(native.parse(kind, format || 'pem', type === undefined ? null : type, data, passphrase === undefined ? null : passphrase), kind);
}

function temp(key, kind) {
  key.temp = true;
  return settled(kind, key, true);
}

function settled(kind, key) {
  if (key.kind === 'secret') throw coded(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type secret, expected ${kind}.`);
  if (kind === 'private' && key.kind !== 'private') throw coded(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${key.kind}, expected private.`);
  return key;
}

const fields = ['kty', 'crv', 'n', 'e', 'd', 'p', 'q', 'x', 'y', 'k'];
function plainJWK(o) {
  const out = {};
  for (const f of fields) if (typeof o[f] === 'string') out[f] = o[f];
  return out;
}

// using runs f with the key and drops it if it was made for this.
function using(key, f) {
  try { return f(key); } finally { if (key.temp) native.drop(key.h); }
}

function createSecretKey(key, encoding) {
  if (typeof key !== 'string' && !isBytes(key)) throw invalid('key', 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView', key);
  return wrap(native.secret(key, encoding));
}

function owned(key) {
  if (!key.temp) return key;
  delete key.temp;
  return key;
}

const createPrivateKey = (key) => {
  if (key instanceof KeyObject) throw invalid('key', 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView', key);
  return wrap(owned(read('private', key)));
};

function createPublicKey(key) {
  const k = read('public', key);
  if (k.kind === 'private') return wrap(native.public(k.h));
  if (!k.temp) throw coded(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', 'Invalid key object type public, expected private.');
  return wrap(owned(k));
}

// generateArgs turns the options into the native's arguments.
function generateArgs(type, options) {
  if (typeof type !== 'string') throw invalid('type', 'of type string', type);
  const o = options || {};
  switch (type) {
    case 'rsa':
      if (typeof o.modulusLength !== 'number') throw invalid('options.modulusLength', 'of type number', o.modulusLength);
      return [type, o.modulusLength, o.publicExponent];
    case 'ec':
      if (typeof o.namedCurve !== 'string') throw invalid('options.namedCurve', 'of type string', o.namedCurve);
      return [type, o.namedCurve, null];
    default:
      return [type, null, null];
  }
}

function encodePair(key, options) {
  const o = options || {};
  const priv = key, pub = native.public(key.h);
  return {
    publicKey: o.publicKeyEncoding ? exportKey(pub, o.publicKeyEncoding) : wrap(pub),
    privateKey: o.privateKeyEncoding ? exportKey(priv, o.privateKeyEncoding) : wrap(priv),
  };
}

const generateKeyPairSync = (type, options) => encodePair(native.take(native.generate(...generateArgs(type, options), false)), options);

function generateKeyPair(type, options, callback) {
  if (typeof options === 'function') { callback = options; options = undefined; }
  if (typeof callback !== 'function') throw invalid('callback', 'of type function', callback);
  native.generate(...generateArgs(type, options), true).then((h) => encodePair(native.take(h), options)).then(
    (p) => setImmediate(() => callback(null, p.publicKey, p.privateKey)), (err) => setImmediate(() => callback(err)));
}
Object.defineProperty(generateKeyPair, Symbol.for('nodejs.util.promisify.custom'), {
  value: (type, options) => new Promise((resolve, reject) => generateKeyPair(type, options, (err, publicKey, privateKey) => (err ? reject(err) : resolve({ publicKey, privateKey })))),
});

function generateKeySync(type, options) {
  const length = options && options.length;
  if (typeof length !== 'number') throw invalid('options.length', 'of type number', length);
  if (type === 'aes' ? ![128, 192, 256].includes(length) : type !== 'hmac' || length < 8 || length > 65536) {
    throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `a key of type ${type} cannot have ${length} bits`);
  }
  return createSecretKey(require('internal/crypto/random').randomBytes(length >> 3));
}
function generateKey(type, options, callback) {
  if (typeof callback !== 'function') throw invalid('callback', 'of type function', callback);
  const k = generateKeySync(type, options);
  setImmediate(() => callback(null, k));
}

module.exports = {
  KeyObject, kKey, wrap, handleOf, read, using, plainJWK, native, coded, exportKey,
  createSecretKey, createPrivateKey, createPublicKey, generateKeyPair, generateKeyPairSync, generateKey, generateKeySync,
};
