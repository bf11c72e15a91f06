'use strict';
module.exports = require('internal/npm/fs').promises;
