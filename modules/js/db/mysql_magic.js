'use strict';
// The globals of the time before Node.js 16: mysql(options) is a connection,
// mysql_pool(options) the pool of those options.
const mysql = require('mysql');
const pools = {};
module.exports = {
  mysql: (options) => mysql.createConnection(options),
  mysql_pool: (options) => {
    const key = JSON.stringify(options);
    if (!pools[key]) {
      const o = typeof options === 'string' ? require('internal/db/mysql_config').parseUrl(options) : Object.assign({}, options);
      if (o.connectionLimit === undefined) o.connectionLimit = 30;
      pools[key] = mysql.createPool(o);
    }
    return pools[key];
  },
};
