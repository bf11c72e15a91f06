'use strict';
// The globals of the time before Node.js 16: mongo(url, callback) gives the
// database of the address; a callback of one parameter gets no errors.
const mongodb = require('mongodb@2.2.36');
const open = {};
function mongo(url, callback) {
  if (typeof url !== 'string' || !url || url.startsWith('mongo://')) throw new Error('invalid mongodb url');
  const connected = open[url] || (open[url] = mongodb.MongoClient.connect(url));
  connected.catch(() => { delete open[url]; });
  if (typeof callback !== 'function') return connected;
  const one = callback.length === 1;
  connected.then((db) => setImmediate(() => (one ? callback(db) : callback(null, db))), (err) => setImmediate(() => { if (one) throw err; callback(err); }));
  return undefined;
}
const bson = require('internal/db/mongo_bson');
Object.assign(mongo, { Long: bson.Long, Double: bson.Double, ObjectID: bson.ObjectID, Timestamp: bson.Timestamp, BSON: mongodb.BSON });
module.exports = { mongo, ObjectID: bson.ObjectID };
