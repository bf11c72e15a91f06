'use strict';
const { read, using, coded } = require('internal/crypto/keys');
const invalid = (name, want, v) => require('internal/errors').invalidType(name, want, v);
const output = (u, encoding) => require('internal/crypto/output')(u, encoding);

const constants = {
  RSA_PKCS1_PADDING: 1, RSA_NO_PADDING: 3, RSA_PKCS1_OAEP_PADDING: 4, RSA_X931_PADDING: 5, RSA_PKCS1_PSS_PADDING: 6,
  RSA_PSS_SALTLEN_DIGEST: -1, RSA_PSS_SALTLEN_MAX_SIGN: -2, RSA_PSS_SALTLEN_AUTO: -2,
  POINT_CONVERSION_COMPRESSED: 2, POINT_CONVERSION_UNCOMPRESSED: 4, POINT_CONVERSION_HYBRID: 6,
  defaultCoreCipherList: '', TLS1_VERSION: 769, TLS1_1_VERSION: 770, TLS1_2_VERSION: 771, TLS1_3_VERSION: 772,
  SSL_OP_ALL: 2147485776, SSL_OP_NO_SSLv2: 0, SSL_OP_NO_SSLv3: 33554432, SSL_OP_NO_TLSv1: 67108864, SSL_OP_NO_TLSv1_1: 268435456, SSL_OP_NO_TLSv1_2: 134217728,
};

const words = 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView';
function bytes(name, v, encoding) {
  if (typeof v === 'string') return require('buffer').Buffer.from(v, encoding === 'buffer' ? undefined : encoding);
  if (ArrayBuffer.isView(v) || v instanceof ArrayBuffer) return v;
  throw invalid(name, words, v);
}

// choices are padding, salt length and signature form, from the key's options.
function choices(key) {
  const o = typeof key === 'object' && key !== null ? key : {};
  if (o.dsaEncoding !== undefined && o.dsaEncoding !== 'der' && o.dsaEncoding !== 'ieee-p1363') {
    throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The property 'options.dsaEncoding' is invalid. Received '${o.dsaEncoding}'`);
  }
  return [o.padding === undefined ? null : o.padding, o.saltLength === undefined ? null : o.saltLength, o.dsaEncoding === 'ieee-p1363'];
}

const doSign = (algorithm, data, key) => using(read('private', key), (k) => native.sign(k.h, algorithm, data, ...choices(key)));
const doVerify = (algorithm, data, key, signature) => using(read('public', key), (k) => native.verify(k.h, algorithm, data, ...choices(key), signature));

class Signer {
  constructor(algorithm) {
    if (typeof algorithm !== 'string') throw invalid('algorithm', 'of type string', algorithm);
    const { native: hash } = require('internal/crypto/hash');
    let h;
    try { h = hash.create(algorithm); } catch (err) { throw coded(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', 'Invalid digest: ' + algorithm); }
    Object.defineProperty(this, '_alg', { value: algorithm });
    Object.defineProperty(this, '_h', { value: h, writable: true });
  }
  update(data, encoding) {
    if (typeof data !== 'string' && !ArrayBuffer.isView(data)) throw invalid('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
    require('internal/crypto/hash').native.update(this._h, data, encoding);
    return this;
  }
  write(data, encoding) { this.update(data, encoding); return true; }
  end(data, encoding) { if (data !== undefined && data !== null) this.update(data, encoding); return this; }
  _take() {
    if (this._h < 0) throw coded(Error, 'ERR_CRYPTO_INVALID_STATE', 'Not initialised');
    const h = this._h;
    this._h = -1;
    return h;
  }
}

class Sign extends Signer {
  sign(key, encoding) {
    if (!key) throw coded(Error, 'ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
    return output(doSign(this._alg, this._take(), key), encoding);
  }
}

class Verify extends Signer {
  verify(key, signature, encoding) {
    return doVerify(this._alg, this._take(), key, bytes('signature', signature, encoding));
  }
}

function sign(algorithm, data, key, callback) {
  if (algorithm !== null && algorithm !== undefined && typeof algorithm !== 'string') throw invalid('algorithm', 'of type string', algorithm);
  if (!key) throw coded(Error, 'ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
  return answer(callback, () => output(doSign(algorithm === undefined ? null : algorithm, view('data', data), key)));
}

function verify(algorithm, data, key, signature, callback) {
  if (algorithm !== null && algorithm !== undefined && typeof algorithm !== 'string') throw invalid('algorithm', 'of type string', algorithm);
  return answer(callback, () => doVerify(algorithm === undefined ? null : algorithm, view('data', data), key, view('signature', signature)));
}

function view(name, v) {
  if (ArrayBuffer.isView(v) || v instanceof ArrayBuffer) return v;
  throw invalid(name, 'an instance of ArrayBuffer, Buffer, TypedArray, or DataView', v);
}

function answer(callback, f) {
  if (callback === undefined) return f();
  if (typeof callback !== 'function') throw invalid('callback', 'of type function', callback);
  let v, err = null;
  try { v = f(); } catch (e) { err = e; }
  setImmediate(() => callback(err, v));
  return undefined;
}

function rsa(operation, key, data) {
  const o = typeof key === 'object' && key !== null ? key : {};
  const kind = operation.slice(0, 7) === 'private' ? 'private' : 'public';
  const standard = operation === 'publicEncrypt' || operation === 'privateDecrypt' ? 4 : 1;
  const label = o.oaepLabel === undefined ? null : bytes('key.oaepLabel', o.oaepLabel, o.encoding);
  if (o.oaepHash !== undefined && typeof o.oaepHash !== 'string') throw invalid('key.oaepHash', 'of type string', o.oaepHash);
  return output(using(read(kind, key), (k) => native.rsa(k.h, operation, bytes('buffer', data, o.encoding),
    o.padding === undefined ? standard : o.padding, o.oaepHash === undefined ? null : o.oaepHash, label)));
}

module.exports = {
  createSign: (algorithm, options) => new Sign(algorithm, options),
  createVerify: (algorithm, options) => new Verify(algorithm, options),
  publicEncrypt: (key, buffer) => rsa('publicEncrypt', key, buffer),
  privateDecrypt: (key, buffer) => rsa('privateDecrypt', key, buffer),
  privateEncrypt: (key, buffer) => rsa('privateEncrypt', key, buffer),
  publicDecrypt: (key, buffer) => rsa('publicDecrypt', key, buffer),
  Sign, Verify, sign, verify, constants, native,
};
