'use strict';
// easy-pbkdf2 0.0.2: require('easy-pbkdf2')() gives an instance.
const crypto = require('crypto');
const later = (callback, ...args) => { setImmediate(() => callback(...args)); };

function EasyPbkdf2(options) {
  if (!(this instanceof EasyPbkdf2)) return new EasyPbkdf2(options);
  const o = Object.assign({ DEFAULT_HASH_ITERATIONS: 5024, SALT_SIZE: 256 / 8, KEY_LENGTH: 256 }, options);
  this.DEFAULT_HASH_ITERATIONS = o.DEFAULT_HASH_ITERATIONS;
  this.SALT_SIZE = o.SALT_SIZE;
  this.KEY_LENGTH = o.KEY_LENGTH;
}
Object.assign(EasyPbkdf2.prototype, {
  random(bytes, callback) {
    const b = crypto.randomBytes(bytes);
    if (typeof callback !== 'function') return b;
    later(callback, b);
    return undefined;
  },
  generateSalt(iterations, callback) {
    if (typeof iterations === 'function') { callback = iterations; iterations = undefined; }
    const least = this.DEFAULT_HASH_ITERATIONS;
    if (iterations !== undefined && iterations !== null) {
      if (parseInt(iterations, 10) != iterations) throw new Error('explicitIterations must be an integer');
      if (iterations < least) throw new Error('explicitIterations cannot be less than ' + least);
    }
    const n = iterations ? parseInt(iterations, 10) : least;
    const salt = n.toString(16) + '.' + crypto.randomBytes(this.SALT_SIZE).toString('base64');
    if (!callback) return salt;
    later(callback, salt);
    return undefined;
  },
  secureHash(value, salt, callback) {
    if (typeof salt === 'function') { callback = salt; salt = undefined; }
    if (!callback) throw new Error('No callback provided');
    if (salt === undefined || salt === null || salt === '') salt = this.generateSalt();
    const at = salt.indexOf('.');
    const iterations = parseInt(salt.substring(0, at), 16);
    if (at < 1 || !(iterations > 0)) throw new Error('The salt was not of an expected format of {int}.{string}');
    crypto.pbkdf2(String(value), salt.substring(at + 1), iterations, this.KEY_LENGTH, 'sha1', (err, key) => {
      if (err) callback(err, null, null);
      else callback(null, key.toString('base64'), salt);
    });
  },
  weakHash(value) { return crypto.createHash('sha1').update(JSON.stringify(value)).digest('base64'); },
});
EasyPbkdf2.prototype.hash = EasyPbkdf2.prototype.secureHash;
EasyPbkdf2.EasyPbkdf2 = EasyPbkdf2;
module.exports = EasyPbkdf2;
