module.exports = require('internal/db/mssql_core')(10);
