'use strict';
const kinds = (a, b) => 'Illegal arguments: ' + typeof a + ', ' + typeof b;
const core = require('internal/compat/bcrypt_core')({
  minor: 'a',
  defaultRounds: 10,
  callback: (v) => new Error('Illegal callback: ' + typeof v),
  rounds: (v) => 'Illegal arguments: ' + typeof v,
  hashMissing: kinds,
  hashTypes: kinds,
  compareMissing: kinds,
  compareTypes: kinds,
  getRounds: (v) => 'Illegal arguments: ' + typeof v,
});
module.exports = Object.assign(core, {
  genSaltSync: (rounds) => {
    if (rounds !== undefined && typeof rounds !== 'number') throw new Error('Illegal arguments: ' + typeof rounds + ', undefined');
    return require('internal/compat/bcrypt_core').salt(rounds);
  },
  getSalt(hash) {
    if (typeof hash !== 'string') throw new Error('Illegal arguments: ' + typeof hash);
    if (hash.length !== 60) throw new Error('Illegal hash length: ' + hash.length + ' != 60');
    return hash.substring(0, 29);
  },
  truncates: (s) => Buffer.byteLength(s) > 72,
  setRandomFallback() {},
});
