module.exports = require('internal/compat/jwks')(2);
