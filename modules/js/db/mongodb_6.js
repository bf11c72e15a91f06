module.exports = require('internal/db/mongo_core')(6);
