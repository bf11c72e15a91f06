'use strict';
// The global jwt of old rules: three functions, and expiresInMinutes.
const { decode, sign, verify } = require('jsonwebtoken');
module.exports = {
  decode, verify,
  sign(payload, key, options, callback) {
    if (options && typeof options === 'object' && options.expiresInMinutes !== undefined) {
      options = Object.assign({}, options, { expiresIn: options.expiresInMinutes + 'm' });
      delete options.expiresInMinutes;
    }
    return sign(payload, key, options, callback);
  },
};
