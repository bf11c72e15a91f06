'use strict';
// Node's crypto. What it has comes from a part that is loaded when something of
// it is first touched: most scripts want one hash or some random bytes, and every
// function made costs every login about half a microsecond.
const parts = {
  hash: ' createHash hash getHashes Hash ',
  hmac: ' createHmac Hmac ',
  random: ' randomBytes pseudoRandomBytes prng rng randomInt randomUUID randomFillSync randomFill timingSafeEqual getRandomValues ',
  kdf: ' pbkdf2 pbkdf2Sync scrypt scryptSync hkdf hkdfSync ',
  cipher: ' createCipheriv createDecipheriv createCipher createDecipher getCiphers getCipherInfo Cipheriv Decipheriv ',
  keys: ' createSecretKey createPrivateKey createPublicKey generateKeyPair generateKeyPairSync generateKey generateKeySync KeyObject ',
  sign: ' createSign createVerify sign verify publicEncrypt privateDecrypt privateEncrypt publicDecrypt Sign Verify constants ',
  ecdh: ' createECDH diffieHellman getCurves ECDH createDiffieHellman createDiffieHellmanGroup getDiffieHellman getFips ',
};

function load(target, name) {
  if (typeof name !== 'string' || name in target) return;
  for (const part in parts) {
    if (parts[part].includes(' ' + name + ' ')) {
      target[name] = require('internal/crypto/' + part)[name];
      return;
    }
  }
  if (name === 'webcrypto') target.webcrypto = require('internal/webcrypto').crypto;
  if (name === 'subtle') target.subtle = require('internal/webcrypto').crypto.subtle;
}
function loadAll(target) {
  for (const part in parts) parts[part].trim().split(' ').forEach((name) => load(target, name));
  load(target, 'webcrypto');
}

module.exports = new Proxy({}, {
  get(target, name) { load(target, name); return target[name]; },
  has(target, name) { load(target, name); return name in target; },
  ownKeys(target) { loadAll(target); return Reflect.ownKeys(target); },
  getOwnPropertyDescriptor(target, name) { load(target, name); return Reflect.getOwnPropertyDescriptor(target, name); },
});
