'use strict';
module.exports = require('internal/invocation');
