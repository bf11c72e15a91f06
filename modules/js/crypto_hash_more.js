'use strict';
const { isData } = require('internal/crypto/hash');

function hash(algorithm, data, encoding) {
  const { invalidType } = require('internal/errors');
  if (typeof algorithm !== 'string') throw invalidType('algorithm', 'of type string', algorithm);
  if (!isData(data)) throw invalidType('input', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
  if (encoding === undefined) encoding = 'hex';
  const out = native.once(algorithm, data, encoding);
  return typeof out === 'string' ? out : require('internal/crypto/output')(out, encoding);
}

module.exports = { hash, copy: (h, length) => native.copy(h, length), once: (algorithm, data) => native.once(algorithm, data), getHashes: () => native.names() };
