module.exports = require('internal/compat/axios_core')('1.7.9', 1);
