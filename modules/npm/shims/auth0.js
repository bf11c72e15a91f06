'use strict';
const tenant = require('./auth0_tenant');
tenant.management(require('../node_modules/auth0/dist/cjs/management/BaseClient.js'));
tenant.token(require('../node_modules/auth0/dist/cjs/management/wrapper/token-provider.js'));
module.exports = require('../node_modules/auth0/dist/cjs/index.js');
