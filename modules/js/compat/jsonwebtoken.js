module.exports = require('internal/compat/jwt')(8);
