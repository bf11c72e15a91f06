'use strict';
const big = require('amazon-cognito-identity-js/lib/BigInteger');
require('./modpow')(big.default || big);
module.exports = require('amazon-cognito-identity-js');
