'use strict';
function merge(...from) {
  const target = {};
  for (const o of from) for (const k in o) if (Object.prototype.hasOwnProperty.call(o, k)) target[k] = o[k];
  return target;
}
module.exports = merge;
