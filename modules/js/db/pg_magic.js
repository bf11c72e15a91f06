module.exports = require('pg').connect;
