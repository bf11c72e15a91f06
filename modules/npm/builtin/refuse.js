'use strict';
// refuse(what, names) returns functions that throw, for what cannot be had here.
module.exports = function refuse(advice, names) {
  const out = {};
  for (const name of names) {
    out[name] = function () {
      throw Object.assign(new Error(name + ' is not available: ' + advice), { code: 'ERR_METHOD_NOT_IMPLEMENTED', hint: advice });
    };
    Object.defineProperty(out[name], 'name', { value: name });
  }
  return out;
};
