'use strict';
// argon2 computes in Go. Without associated data and secret, and argon2d.
const types = Object.freeze({ argon2d: 0, argon2i: 1, argon2id: 2 });
const variants = ['d', 'i', 'id'];
const defaults = Object.freeze({ hashLength: 32, timeCost: 3, memoryCost: 65536, parallelism: 4, type: types.argon2id, version: 0x13 });
const limits = Object.freeze({
  hashLength: Object.freeze({ min: 4, max: 1024 }), memoryCost: Object.freeze({ min: 8, max: 65536 }),
  timeCost: Object.freeze({ min: 1, max: 1048576 }), parallelism: Object.freeze({ min: 1, max: 64 }),
});
const text = (b) => Buffer.from(b).toString('base64').replace(/=+$/, '');
const bytes = (plain) => {
  if (typeof plain === 'string') return plain;
  if (ArrayBuffer.isView(plain)) return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength);
  throw new TypeError('The "plain" argument must be of type string or an instance of Buffer. Received ' + (plain === null ? 'null' : typeof plain));
};
function settings(options) {
  const o = { ...defaults, ...options };
  for (const name of ['secret', 'associatedData']) {
    if (o[name] !== undefined && o[name] !== null && o[name].length !== 0) throw new Error('argon2: option ' + name + ' is not available here');
  }
  if (o.version !== 0x13) throw new Error('argon2: option version ' + o.version + ' is not available here; there is 19');
  for (const name of ['hashLength', 'timeCost', 'memoryCost', 'parallelism']) {
    const { min, max } = limits[name];
    if (!(o[name] >= min && o[name] <= max)) throw new Error('Invalid ' + name + ', must be between ' + min + ' and ' + max + '.');
  }
  return o;
}

async function hash(plain, options) {
  const { raw, salt = native.salt(), ...given } = options || {};
  const o = settings(given), variant = variants[o.type];
  const key = await native.hash(bytes(plain), bytes(salt), String(variant), o.timeCost, o.memoryCost, o.parallelism, o.hashLength);
  if (raw) return Buffer.from(key);
  return '$argon2' + variant + '$v=' + o.version + '$m=' + o.memoryCost + ',t=' + o.timeCost + ',p=' + o.parallelism + '$' + text(salt) + '$' + text(key);
}

async function verify(digest, plain, options) {
  if (options && options.secret && options.secret.length) settings({ secret: options.secret });
  if (typeof digest !== 'string') throw new TypeError('pchstr must be a non-empty string');
  if (!/^\$argon2/.test(digest)) return false; // another scheme's
  return native.verify(digest, bytes(plain));
}

function needsRehash(digest, options) {
  const o = settings(options);
  const [variant, version, memoryCost, timeCost, parallelism] = native.parse(digest);
  return variant !== variants[o.type] || version !== o.version || memoryCost !== o.memoryCost || timeCost !== o.timeCost || parallelism !== o.parallelism;
}

module.exports = { defaults, limits, hash, verify, needsRehash, ...types };
module.exports.default = module.exports;
