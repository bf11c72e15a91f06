module.exports = require('easy-pbkdf2')();
