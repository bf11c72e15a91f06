module.exports = require('internal/db/mysql_core')(false);
