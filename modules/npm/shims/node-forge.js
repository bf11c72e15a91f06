'use strict';
const forge = require('node-forge');
require('./modpow')(forge.jsbn.BigInteger);
module.exports = forge;
