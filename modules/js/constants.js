'use strict';
const { errno, signals, priority } = require('os').constants;
module.exports = { ...errno, ...signals, ...priority, O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, S_IFMT: 61440, S_IFREG: 32768, S_IFDIR: 16384, F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, defaultCoreCipherList: '' };
