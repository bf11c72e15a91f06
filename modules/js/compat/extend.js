'use strict';
// extend: jQuery's, deep if the first argument is true.
const plain = (v) => {
  if (Object.prototype.toString.call(v) !== '[object Object]') return false;
  const p = Object.getPrototypeOf(v);
  return p === null || p === Object.prototype || Object.prototype.hasOwnProperty.call(p, 'isPrototypeOf');
};
function set(o, k, v) {
  if (k === '__proto__') Object.defineProperty(o, k, { value: v, enumerable: true, configurable: true, writable: true });
  else o[k] = v;
}
const get = (o, k) => (k === '__proto__' && !Object.prototype.hasOwnProperty.call(o, k) ? undefined : o[k]);

module.exports = function extend(...args) {
  const deep = args[0] === true;
  if (typeof args[0] === 'boolean') args.shift();
  let target = args.shift();
  if (target === null || target === undefined || typeof target !== 'object' && typeof target !== 'function') target = {};
  for (const from of args) {
    if (from === null || from === undefined) continue;
    for (const k in from) {
      const src = get(target, k), copy = get(from, k);
      if (target === copy) continue;
      if (deep && copy && (plain(copy) || Array.isArray(copy))) {
        set(target, k, extend(deep, Array.isArray(copy) ? (Array.isArray(src) ? src : []) : src && plain(src) ? src : {}, copy));
      } else if (copy !== undefined) {
        set(target, k, copy);
      }
    }
  }
  return target;
};
