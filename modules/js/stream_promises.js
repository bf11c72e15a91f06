module.exports = require('internal/stream_end').promises;
