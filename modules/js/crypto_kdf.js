'use strict';
const invalid = (name, want, v) => require('internal/errors').invalidType(name, want, v);
const buffer = (u) => require('internal/crypto/output')(u);
const words = 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView';

function bytes(name, v) {
  if (typeof v === 'string' || ArrayBuffer.isView(v) || v instanceof ArrayBuffer) return v;
  throw invalid(name, words, v);
}
function number(name, v) {
  if (typeof v !== 'number') throw invalid(name, 'of type number', v);
  return v;
}
function needFunction(f) { if (typeof f !== 'function') throw invalid('callback', 'of type function', f); }

// settle calls a Node callback outside of the promise, so that what it throws is
// an uncaught exception and no rejection.
function settle(promise, callback, make = buffer) {
  promise.then((v) => setImmediate(() => callback(null, make(v))), (err) => setImmediate(() => callback(err)));
}

function pbkdf2Args(password, salt, iterations, keylen, digest, async) {
  if (typeof digest !== 'string') throw invalid('digest', 'of type string', digest);
  return native.pbkdf2(bytes('password', password), bytes('salt', salt), number('iterations', iterations), number('keylen', keylen), digest, async);
}
function pbkdf2(password, salt, iterations, keylen, digest, callback) {
  // Before Node 8 the digest could be left out and was SHA-1.
  if (typeof digest === 'function') { callback = digest; digest = 'sha1'; }
  needFunction(callback);
  settle(pbkdf2Args(password, salt, iterations, keylen, digest, true), callback);
}
const pbkdf2Sync = (password, salt, iterations, keylen, digest) => buffer(pbkdf2Args(password, salt, iterations, keylen, digest === undefined ? 'sha1' : digest, false));

function scryptArgs(password, salt, keylen, options, async) {
  const o = options || {};
  const pick = (a, b, d) => {
    if (o[a] !== undefined && o[b] !== undefined) throw Object.assign(new TypeError(`Option "${a}" cannot be used in combination with option "${b}"`), { code: 'ERR_INCOMPATIBLE_OPTION_PAIR' });
    const v = o[a] !== undefined ? o[a] : o[b];
    return v === undefined ? d : number(a, v);
  };
  return native.scrypt(bytes('password', password), bytes('salt', salt), number('keylen', keylen),
    pick('N', 'cost', 16384), pick('r', 'blockSize', 8), pick('p', 'parallelization', 1), o.maxmem === undefined ? 32 << 20 : number('maxmem', o.maxmem), async);
}
function scrypt(password, salt, keylen, options, callback) {
  if (typeof options === 'function') { callback = options; options = undefined; }
  needFunction(callback);
  settle(scryptArgs(password, salt, keylen, options, true), callback);
}
const scryptSync = (password, salt, keylen, options) => buffer(scryptArgs(password, salt, keylen, options, false));

function hkdfSync(digest, key, salt, info, length) {
  if (typeof digest !== 'string') throw invalid('digest', 'of type string', digest);
  const k = require('internal/crypto/secret').secret(key);
  const u = native.hkdf(digest, k, bytes('salt', salt), bytes('info', info), number('length', length));
  return u.buffer.slice(u.byteOffset, u.byteOffset + u.byteLength);
}
function hkdf(digest, key, salt, info, length, callback) {
  needFunction(callback);
  const out = hkdfSync(digest, key, salt, info, length);
  setImmediate(() => callback(null, out));
}

module.exports = { pbkdf2, pbkdf2Sync, scrypt, scryptSync, hkdf, hkdfSync, settle, native };
