'use strict';
// What node-postgres had before version 7: queries are thenable, and pools are
// the module's own, one for each configuration.
module.exports = (pg, Query) => {
  Query.prototype.then = function then(f, g) { return this._promise().then(f, g); };
  Query.prototype.catch = function (g) { return this._promise().catch(g); };
  Query.prototype.finally = function (f) { return this._promise().finally(f); };
  Query.prototype.promise = function promise() { return this._promise(); };

  const pools = {};
  const keyOf = (config) => (typeof config === 'string' ? config : JSON.stringify(config || {}));
  const poolOf = (config) => {
    const key = keyOf(config);
    return pools[key] || (pools[key] = new pg.Pool(config || {}));
  };
  pg.pools = { all: pools, getOrCreate: poolOf, Client: pg.Client };
  pg.connect = (config, callback) => {
    if (typeof config === 'function') { callback = config; config = undefined; }
    let pool;
    try { pool = poolOf(config); } catch (err) {
      if (!callback) throw err;
      setImmediate(() => callback(err, null, () => {}));
      return;
    }
    pool.connect((err, client) => {
      if (!callback) return;
      if (err) return void callback(err, null, () => {});
      const release = client.release;
      let done = false;
      callback(null, client, (e) => {
        if (done) return; // old scripts say it twice
        done = true;
        release(e);
      });
    });
  };
  pg.cancel = () => {};
  pg.end = () => { for (const key of Object.keys(pools)) { pools[key].end(() => {}); delete pools[key]; } };
};
