'use strict';
const invalid = (name, want, v) => require('internal/errors').invalidType(name, want, v);
const isBytes = (v) => ArrayBuffer.isView(v) || v instanceof ArrayBuffer;

// Keys and initialization vectors given as text are UTF-8, as in Node.js. The
// `crypto` that old rules had as a global read each character as one byte: that
// is tried when the length does not fit.
const latin1 = (v) => (typeof v === 'string' ? require('buffer').Buffer.from(v, 'latin1') : v);

function create(algorithm, key, iv, encrypt, n) {
  try {
    return native.create(algorithm, key, iv, encrypt, n);
  } catch (err) {
    if ((typeof key !== 'string' && typeof iv !== 'string') || !/^ERR_CRYPTO_INVALID_(KEYLEN|IV)$/.test(err.code)) throw err;
    return native.create(algorithm, latin1(key), latin1(iv), encrypt, n);
  }
}

class CipherBase {
  constructor(algorithm, key, iv, options, encrypt) {
    if (typeof algorithm !== 'string') throw invalid('cipher', 'of type string', algorithm);
    const k = require('internal/crypto/secret').secret(key);
    if (iv !== null && typeof iv !== 'string' && !isBytes(iv)) throw invalid('iv', 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView', iv);
    const n = options && options.authTagLength;
    Object.defineProperty(this, '_h', { value: create(algorithm, k, iv, encrypt, n === undefined ? null : n) });
    Object.defineProperty(this, '_decoder', { value: null, writable: true });
    Object.defineProperty(this, '_tagLength', { value: n });
  }
  update(data, inputEncoding, outputEncoding) {
    if (typeof data !== 'string' && !ArrayBuffer.isView(data)) throw invalid('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
    return this._out(native.update(this._h, data, inputEncoding), outputEncoding, false);
  }
  final(outputEncoding) { return this._out(native.final(this._h), outputEncoding, true); }
  _out(bytes, encoding, last) {
    const b = require('internal/crypto/output')(bytes);
    if (!encoding || encoding === 'buffer') return b;
    // These encode each byte by itself; the others carry bytes over.
    if (encoding === 'hex' || encoding === 'latin1' || encoding === 'binary' || encoding === 'ascii') return b.toString(encoding);
    if (!this._decoder) this._decoder = new (require('string_decoder').StringDecoder)(encoding);
    return last ? this._decoder.end(b) : this._decoder.write(b);
  }
  setAutoPadding(on) { native.padding(this._h, on === undefined || !!on); return this; }
  setAAD(data, options) {
    native.aad(this._h, data, options && options.encoding);
    return this;
  }
}

require('internal/crypto/stream')(CipherBase.prototype, 'write end read pipe unpipe on once off addListener removeListener emit setEncoding resume pause destroy listenerCount listeners prependListener removeAllListeners', (c) => c.final());

class Cipheriv extends CipherBase {
  constructor(algorithm, key, iv, options) { super(algorithm, key, iv, options, true); }
  getAuthTag() { return require('internal/crypto/output')(native.tag(this._h)); }
}

class Decipheriv extends CipherBase {
  constructor(algorithm, key, iv, options) { super(algorithm, key, iv, options, false); }
  setAuthTag(tag, encoding) {
    if (typeof tag !== 'string' && !isBytes(tag)) throw invalid('buffer', 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView', tag);
    native.setTag(this._h, tag, encoding, this._tagLength === undefined ? null : this._tagLength);
    return this;
  }
}

// createCipher and createDecipher left Node.js with version 22; rules still call
// them. The key comes from the password by EVP_BytesToKey (MD5, no salt).
function fromPassword(Class, algorithm, password, options) {
  const info = native.info(String(algorithm));
  if (!info) throw Object.assign(new Error('Unknown cipher'), { code: 'ERR_CRYPTO_UNKNOWN_CIPHER' });
  const p = latin1(password);
  const iv = info.ivLength || 0;
  const both = require('internal/crypto/kdf').native.evp(p, info.keyLength, iv);
  return new Class(algorithm, both.subarray(0, info.keyLength), iv ? both.subarray(info.keyLength) : null, options);
}

function getCipherInfo(name, options) {
  if (typeof name !== 'string' && typeof name !== 'number') throw invalid('nameOrNid', 'of type string or number', name);
  const info = native.info(name);
  const o = options || {};
  if (info && o.keyLength !== undefined && o.keyLength !== info.keyLength) return undefined;
  if (info && o.ivLength !== undefined) {
    if (info.mode === 'gcm' ? o.ivLength < 1 : o.ivLength !== info.ivLength) return undefined;
    info.ivLength = o.ivLength;
  }
  return info;
}

module.exports = {
  Cipheriv, Decipheriv, getCipherInfo, native,
  createCipheriv: (algorithm, key, iv, options) => new Cipheriv(algorithm, key, iv, options),
  createDecipheriv: (algorithm, key, iv, options) => new Decipheriv(algorithm, key, iv, options),
  createCipher: (algorithm, password, options) => fromPassword(Cipheriv, algorithm, password, options),
  createDecipher: (algorithm, password, options) => fromPassword(Decipheriv, algorithm, password, options),
  getCiphers: () => native.names(),
};
