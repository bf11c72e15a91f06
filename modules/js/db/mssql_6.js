module.exports = require('internal/db/mssql_core')(6);
