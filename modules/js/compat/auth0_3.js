module.exports = require('internal/compat/auth0_client')(3);
