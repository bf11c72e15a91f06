// structuredClone: what the algorithm of the HTML standard copies.
'use strict';
const maxLevels = 150;
const fail = (v) => {
  let what;
  try { what = typeof v === 'symbol' ? String(v) : typeof v === 'function' ? Function.prototype.toString.call(v) : Object.prototype.toString.call(v).replace('[object Object]', '#<Object>'); } catch (e) { what = 'The value'; }
  return new (require('internal/domexception'))(`${what.length > 200 ? `${what.slice(0, 200)}...` : what} could not be cloned.`, 'DataCloneError');
};
const errorNames = ['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'];

function clone(v, seen, level) {
  if (typeof v === 'symbol' || typeof v === 'function') throw fail(v);
  if (v === null || typeof v !== 'object') return v;
  if (seen.has(v)) return seen.get(v);
  if (level > maxLevels) throw new RangeError(`structuredClone: the value is nested deeper than ${maxLevels} levels`);
  const put = (c) => { seen.set(v, c); return c; };
  if (Array.isArray(v)) {
    const out = put(new Array(v.length));
    copyKeys(v, out, seen, level);
    return out;
  }
  const proto = Object.getPrototypeOf(v);
  if ((proto === Object.prototype || proto === null) && Object.prototype.toString.call(v) === '[object Object]') {
    const out = put({});
    copyKeys(v, out, seen, level);
    return out;
  }
  // What is not plain may be any of these, whatever its prototype says.
  const types = require('util/types');
  if (types.isDate(v)) return put(new Date(Date.prototype.getTime.call(v)));
  if (types.isRegExp(v)) return put(new RegExp(v.source, v.flags));
  if (types.isBoxedPrimitive(v)) {
    const p = v.valueOf();
    if (typeof p === 'symbol') throw fail(v);
    return put(Object(p));
  }
  if (types.isAnyArrayBuffer(v)) return put(ArrayBuffer.prototype.slice.call(v, 0));
  if (ArrayBuffer.isView(v)) {
    const buffer = clone(v.buffer, seen, level + 1);
    if (types.isDataView(v)) return put(new DataView(buffer, v.byteOffset, v.byteLength));
    // A Buffer arrives as a Uint8Array, as between Node's threads.
    const C = globalThis[Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get.call(v)];
    return put(new C(buffer, v.byteOffset, v.length));
  }
  if (types.isMap(v)) {
    const out = put(new Map()), pairs = [...Map.prototype.entries.call(v)];
    for (const [k, e] of pairs) out.set(clone(k, seen, level + 1), clone(e, seen, level + 1));
    return out;
  }
  if (types.isSet(v)) {
    const out = put(new Set()), members = [...Set.prototype.values.call(v)];
    for (const e of members) out.add(clone(e, seen, level + 1));
    return out;
  }
  if (types.isNativeError(v)) return cloneError(v, put, seen, level);
  if (types.isPromise(v) || types.isWeakMap(v) || types.isWeakSet(v) || types.isGeneratorObject(v)) throw fail(v);
  const out = put({});
  copyKeys(v, out, seen, level);
  return out;
}

function copyKeys(from, to, seen, level) {
  for (const k of Object.keys(from)) {
    const value = clone(from[k], seen, level + 1);
    if (k === '__proto__') Object.defineProperty(to, k, { value, writable: true, enumerable: true, configurable: true });
    else to[k] = value;
  }
}

function cloneError(e, put, seen, level) {
  const name = `${e.name}`;
  if (e instanceof require('internal/domexception')) return put(new (e.constructor)(e.message, e.name));
  const out = put(new (errorNames.includes(name) ? globalThis[name] : Error)());
  const define = (k, value) => Object.defineProperty(out, k, { value, writable: true, configurable: true });
  if (Object.prototype.hasOwnProperty.call(e, 'message')) define('message', `${e.message}`);
  if (typeof e.stack === 'string') define('stack', e.stack);
  if (Object.prototype.hasOwnProperty.call(e, 'cause')) define('cause', clone(e.cause, seen, level + 1));
  return out;
}

exports.structuredClone = function structuredClone(value, options) {
  if (arguments.length === 0) throw require('internal/errors').make(TypeError, 'ERR_MISSING_ARGS', 'The "value" argument must be specified');
  const transfer = options && options.transfer ? [...options.transfer] : [];
  for (const v of transfer) if (!(v instanceof ArrayBuffer)) throw fail(v);
  return clone(value, new Map(), 0);
};
