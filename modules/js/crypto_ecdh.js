'use strict';
const { coded, kKey, native: keys } = require('internal/crypto/keys');
const invalid = (name, want, v) => require('internal/errors').invalidType(name, want, v);
const output = (u, encoding) => require('internal/crypto/output')(u, encoding);

function bytes(name, v, encoding) {
  if (typeof v === 'string') return require('buffer').Buffer.from(v, encoding);
  if (ArrayBuffer.isView(v) || v instanceof ArrayBuffer) return v;
  throw invalid(name, 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView', v);
}

function format(f) {
  if (f === undefined) return 'uncompressed';
  if (f !== 'uncompressed' && f !== 'compressed' && f !== 'hybrid') throw coded(TypeError, 'ERR_CRYPTO_ECDH_INVALID_FORMAT', `Invalid ECDH format: ${f}`);
  return f;
}

class ECDH {
  constructor(curve) {
    if (typeof curve !== 'string') throw invalid('curve', 'of type string', curve);
    native.create(curve, true);
    Object.defineProperty(this, '_curve', { value: curve });
    Object.defineProperty(this, '_h', { value: -1, writable: true });
  }
  _key() {
    if (this._h < 0) throw coded(Error, 'ERR_CRYPTO_INVALID_STATE', 'ECDH has no key yet: call generateKeys or setPrivateKey');
    return this._h;
  }
  generateKeys(encoding, f) {
    this._h = native.create(this._curve);
    return this.getPublicKey(encoding, f);
  }
  computeSecret(other, inputEncoding, outputEncoding) {
    return output(native.compute(this._key(), this._curve, bytes('otherPublicKey', other, inputEncoding)), outputEncoding);
  }
  getPublicKey(encoding, f) { return output(native.point(this._key(), format(f)), encoding); }
  getPrivateKey(encoding) { return output(native.scalar(this._key()), encoding); }
  setPrivateKey(key, encoding) { this._h = native.setPrivate(this._curve, bytes('key', key, encoding)); return this; }
  static convertKey(key, curve, inputEncoding, outputEncoding, f) {
    return output(native.convert(curve, bytes('key', key, inputEncoding), format(f)), outputEncoding);
  }
}

function diffieHellman(options) {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'of type object', options);
  const { privateKey, publicKey } = options;
  if (!privateKey || !privateKey[kKey] || privateKey.type !== 'private') throw invalid('options.privateKey', 'a private KeyObject', privateKey);
  if (!publicKey || !publicKey[kKey] || publicKey.type === 'secret') throw invalid('options.publicKey', 'a public KeyObject', publicKey);
  return output(keys.agree(privateKey[kKey].h, publicKey[kKey].h));
}

function gone() { throw coded(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'Diffie-Hellman over integers is not available here: use createECDH'); }

module.exports = {
  createECDH: (curve) => new ECDH(curve),
  createDiffieHellman: gone, createDiffieHellmanGroup: gone, getDiffieHellman: gone, getFips: () => 0,
  ECDH, diffieHellman, getCurves: () => native.curves(),
};
