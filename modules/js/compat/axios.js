module.exports = require('internal/compat/axios_core')('0.27.2', 0);
