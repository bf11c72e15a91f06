// The globals atob and btoa.
'use strict';
const invalid = (message) => new (require('internal/domexception'))(message, 'InvalidCharacterError');
exports.atob = function atob(s) {
  if (arguments.length === 0) throw require('internal/errors').make(TypeError, 'ERR_MISSING_ARGS', 'The "input" argument must be specified');
  const out = native.atob(`${s}`);
  if (out === undefined) throw invalid('The string to be decoded is not correctly encoded.');
  return out;
};
exports.btoa = function btoa(s) {
  if (arguments.length === 0) throw require('internal/errors').make(TypeError, 'ERR_MISSING_ARGS', 'The "input" argument must be specified');
  const out = native.btoa(`${s}`);
  if (out === undefined) throw invalid('Invalid character');
  return out;
};
