'use strict';
// Node's crypto. Each function loads its part when it is first called: most
// scripts want one hash or some random bytes.
const H = () => require('internal/crypto/hash');
const R = () => require('internal/crypto/random');
const D = () => require('internal/crypto/kdf');
const C = () => require('internal/crypto/cipher');
const K = () => require('internal/crypto/keys');
const S = () => require('internal/crypto/sign');
const E = () => require('internal/crypto/ecdh');

const gone = (name, advice) => () => {
  const e = new Error(`crypto.${name} is not available here: ${advice}`);
  e.code = 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM';
  throw e;
};

const crypto = {
  createHash: (algorithm, options) => new (H().Hash)(algorithm, options),
  createHmac: (algorithm, key, options) => new (H().Hmac)(algorithm, key, options),
  hash: (algorithm, data, encoding) => H().hash(algorithm, data, encoding),
  getHashes: () => H().getHashes(),
  randomBytes: (size, callback) => R().randomBytes(size, callback),
  pseudoRandomBytes: (size, callback) => R().randomBytes(size, callback),
  prng: (size, callback) => R().randomBytes(size, callback),
  rng: (size, callback) => R().randomBytes(size, callback),
  randomInt: (min, max, callback) => R().randomInt(min, max, callback),
  randomUUID: () => R().randomUUID(),
  randomFillSync: (buffer, offset, size) => R().randomFillSync(buffer, offset, size),
  randomFill: (buffer, offset, size, callback) => R().randomFill(buffer, offset, size, callback),
  timingSafeEqual: (a, b) => R().timingSafeEqual(a, b),
  getRandomValues: (array) => R().getRandomValues(array),
  pbkdf2: (password, salt, iterations, keylen, digest, callback) => D().pbkdf2(password, salt, iterations, keylen, digest, callback),
  pbkdf2Sync: (password, salt, iterations, keylen, digest) => D().pbkdf2Sync(password, salt, iterations, keylen, digest),
  scrypt: (password, salt, keylen, options, callback) => D().scrypt(password, salt, keylen, options, callback),
  scryptSync: (password, salt, keylen, options) => D().scryptSync(password, salt, keylen, options),
  hkdf: (digest, key, salt, info, length, callback) => D().hkdf(digest, key, salt, info, length, callback),
  hkdfSync: (digest, key, salt, info, length) => D().hkdfSync(digest, key, salt, info, length),
  createCipheriv: (algorithm, key, iv, options) => new (C().Cipheriv)(algorithm, key, iv, options),
  createDecipheriv: (algorithm, key, iv, options) => new (C().Decipheriv)(algorithm, key, iv, options),
  createCipher: (algorithm, password, options) => C().createCipher(algorithm, password, options),
  createDecipher: (algorithm, password, options) => C().createDecipher(algorithm, password, options),
  getCiphers: () => C().getCiphers(),
  getCipherInfo: (name, options) => C().getCipherInfo(name, options),
  createSecretKey: (key, encoding) => K().createSecretKey(key, encoding),
  createPrivateKey: (key) => K().createPrivateKey(key),
  createPublicKey: (key) => K().createPublicKey(key),
  generateKeyPair: (type, options, callback) => K().generateKeyPair(type, options, callback),
  generateKeyPairSync: (type, options) => K().generateKeyPairSync(type, options),
  generateKey: (type, options, callback) => K().generateKey(type, options, callback),
  generateKeySync: (type, options) => K().generateKeySync(type, options),
  createSign: (algorithm, options) => new (S().Sign)(algorithm, options),
  createVerify: (algorithm, options) => new (S().Verify)(algorithm, options),
  sign: (algorithm, data, key, callback) => S().sign(algorithm, data, key, callback),
  verify: (algorithm, data, key, signature, callback) => S().verify(algorithm, data, key, signature, callback),
  publicEncrypt: (key, buffer) => S().rsa('publicEncrypt', key, buffer),
  privateDecrypt: (key, buffer) => S().rsa('privateDecrypt', key, buffer),
  privateEncrypt: (key, buffer) => S().rsa('privateEncrypt', key, buffer),
  publicDecrypt: (key, buffer) => S().rsa('publicDecrypt', key, buffer),
  createECDH: (curve) => new (E().ECDH)(curve),
  diffieHellman: (options) => E().diffieHellman(options),
  getCurves: () => E().getCurves(),
  createDiffieHellman: gone('createDiffieHellman', 'use createECDH'),
  createDiffieHellmanGroup: gone('createDiffieHellmanGroup', 'use createECDH'),
  getDiffieHellman: gone('getDiffieHellman', 'use createECDH'),
  getFips: () => 0,
  get webcrypto() { return require('internal/webcrypto').crypto; },
  get subtle() { return require('internal/webcrypto').crypto.subtle; },
  get Hash() { return H().Hash; },
  get Hmac() { return H().Hmac; },
  get Cipheriv() { return C().Cipheriv; },
  get Decipheriv() { return C().Decipheriv; },
  get KeyObject() { return K().KeyObject; },
  get Sign() { return S().Sign; },
  get Verify() { return S().Verify; },
  get ECDH() { return E().ECDH; },
  get constants() { return S().constants; },
};
module.exports = crypto;
