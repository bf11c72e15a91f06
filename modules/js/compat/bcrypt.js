'use strict';
module.exports = require('internal/compat/bcrypt_core')({
  minor: 'b',
  callback: (v) => new Error('cb must be a function or null to return a Promise'),
  rounds: () => 'rounds must be a number',
  hashMissing: () => 'data and salt arguments required',
  hashTypes: () => 'data must be a string or Buffer and salt must either be a salt string or a number of rounds',
  compareMissing: () => 'data and hash arguments required',
  compareTypes: () => 'data must be a string or Buffer and hash must be a string',
  getRounds: () => 'hash must be a string',
});
