module.exports = require('internal/db/tedious_core')(1);
