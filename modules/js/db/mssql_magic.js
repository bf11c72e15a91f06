'use strict';
// The global of the time before Node.js 16.
const tedious = require('tedious@1.11.0');
module.exports = { connect: (config) => new tedious.Connection(config), Request: tedious.Request, Types: tedious.TYPES };
