'use strict';
const tenant = require('./auth0_tenant');
tenant.management(require('../node_modules/auth0-6/dist/cjs/management/BaseClient.js'));
tenant.authentication(require('../node_modules/auth0-6/dist/cjs/lib/runtime.js'));
module.exports = require('../node_modules/auth0-6/dist/cjs/index.js');
