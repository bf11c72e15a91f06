'use strict';
module.exports = require('internal/webstream');
