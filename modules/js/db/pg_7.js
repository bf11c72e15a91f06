module.exports = require('internal/db/pg_core')({ legacy: false, verify: false });
