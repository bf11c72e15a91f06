module.exports = require('internal/db/pg_core')({ legacy: true, verify: false });
