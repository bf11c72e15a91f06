'use strict';
const mysql = require('mysql2');
const { PromiseConnection, PromisePool } = require('internal/db/mysql_promise');
module.exports = Object.assign({}, mysql, {
  createConnection: (options) => {
    const c = new PromiseConnection(mysql.createConnection(options));
    return c.connect().then(() => c);
  },
  createPool: (options) => new PromisePool(mysql.createPool(options)),
  PromiseConnection, PromisePool,
});
