module.exports = require('internal/compat/superagent_core')(3);
