// Deep equality as assert and util define it: strict, or with == for primitives.
'use strict';
const types = require('util/types');
const { getPrototypeOf, keys: keysOf } = Object;
const has = (o, k) => Object.prototype.hasOwnProperty.call(o, k);
// Levels that fit into the engine's call stack.
const maxLevels = 90;

const symbolsOf = (o) => Object.getOwnPropertySymbols(o).filter((s) => Object.prototype.propertyIsEnumerable.call(o, s));

function compare(a, b, strict, seen, level) {
  if (a === b) return a !== 0 || !strict || Object.is(a, b);
  const objects = typeof a === 'object' && a !== null, other = typeof b === 'object' && b !== null;
  if (strict) {
    if (!objects || !other) return typeof a === 'number' && Number.isNaN(a) && Number.isNaN(b);
    if (getPrototypeOf(a) !== getPrototypeOf(b)) return false;
  } else {
    if (!objects || !other) return !objects && !other && (a == b || Number.isNaN(a) && Number.isNaN(b)); // eslint-disable-line eqeqeq
  }
  if (Object.prototype.toString.call(a) !== Object.prototype.toString.call(b)) return false;
  if (level > maxLevels) throw require('internal/errors').make(RangeError, 'ERR_OUT_OF_RANGE', `the values are nested deeper than ${maxLevels} levels`);
  let list = false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    list = true;
  } else if (types.isDate(a)) {
    if (!types.isDate(b) || !Object.is(Date.prototype.getTime.call(a), Date.prototype.getTime.call(b))) return false;
  } else if (types.isRegExp(a)) {
    if (!types.isRegExp(b) || String(a) !== String(b) || a.lastIndex !== b.lastIndex) return false;
  } else if (types.isNativeError(a)) {
    if (a.message !== b.message || a.name !== b.name || strict && has(a, 'cause') !== has(b, 'cause')) return false;
    if (has(a, 'cause') && !compare(a.cause, b.cause, strict, seen, level + 1)) return false;
  } else if (ArrayBuffer.isView(a)) {
    return ArrayBuffer.isView(b) && sameBytes(a, b, strict) && sameKeys(a, b, strict, seen, level, true);
  } else if (types.isAnyArrayBuffer(a)) {
    if (!types.isAnyArrayBuffer(b) || !sameBytes(new Uint8Array(a), new Uint8Array(b), true)) return false;
  } else if (types.isBoxedPrimitive(a)) {
    if (!types.isBoxedPrimitive(b) || !Object.is(a.valueOf(), b.valueOf())) return false;
  } else if (Array.isArray(b) || types.isMap(a) !== types.isMap(b) || types.isSet(a) !== types.isSet(b)) {
    return false;
  }
  for (let i = seen.length - 2; i >= 0; i -= 2) {
    if (seen[i] === a) return seen[i + 1] === b;
    if (seen[i + 1] === b) return false;
  }
  seen.push(a, b);
  const same = sameKeys(a, b, strict, seen, level, list) &&
    (!list || sameItems(a, b, strict, seen, level)) &&
    (!types.isSet(a) || sameSet(a, b, strict, seen, level)) &&
    (!types.isMap(a) || sameMap(a, b, strict, seen, level));
  seen.length -= 2;
  return same;
}

function sameBytes(a, b, strict) {
  if (a.length !== b.length || a.byteLength !== b.byteLength) return false;
  if (/^(?:Float|BigInt|BigUint)/.test(Object.prototype.toString.call(a).slice(8)) || a.length === undefined) {
    if (a.length === undefined) return sameBytes(new Uint8Array(a.buffer, a.byteOffset, a.byteLength), new Uint8Array(b.buffer, b.byteOffset, b.byteLength), true);
    for (let i = 0; i < a.length; i++) if (!(strict ? Object.is(a[i], b[i]) : a[i] === b[i] || a[i] !== a[i] && b[i] !== b[i])) return false;
    return true;
  }
  return native.sameBytes(a, b);
}

const sameItems = (a, b, strict, seen, level) => {
  for (let i = 0; i < a.length; i++) {
    if (has(a, i) !== has(b, i)) {
      if (strict || a[i] !== b[i]) return false;
    } else if (!compare(a[i], b[i], strict, seen, level + 1)) {
      return false;
    }
  }
  return true;
};

function sameKeys(a, b, strict, seen, level, list) {
  const named = (o) => list ? keysOf(o).filter((k) => !/^(?:0|[1-9]\d{0,9})$/.test(k)) : keysOf(o);
  const big = list && a.length > 100000;
  const ka = big ? [] : named(a), kb = big ? [] : named(b);
  if (ka.length !== kb.length || !ka.every((k) => Object.prototype.propertyIsEnumerable.call(b, k))) return false;
  for (const k of ka) if (!compare(a[k], b[k], strict, seen, level + 1)) return false;
  if (!strict) return true;
  const sa = symbolsOf(a), sb = symbolsOf(b);
  return sa.length === sb.length && sa.every((s) => Object.prototype.propertyIsEnumerable.call(b, s) && compare(a[s], b[s], strict, seen, level + 1));
}

const simple = (v) => v === null || typeof v !== 'object';
function sameSet(a, b, strict, seen, level) {
  if (a.size !== b.size) return false;
  const open = [];
  for (const v of a) if (!(simple(v) && b.has(v))) {
    if (simple(v) && strict) return false;
    open.push(v);
  }
  if (open.length === 0) return true;
  const rest = [...b].filter((v) => !(simple(v) && a.has(v)));
  return open.every((v) => {
    const i = rest.findIndex((w) => compare(v, w, strict, seen, level + 1));
    if (i >= 0) rest.splice(i, 1);
    return i >= 0;
  });
}
function sameMap(a, b, strict, seen, level) {
  if (a.size !== b.size) return false;
  const open = [];
  for (const [k, v] of a) {
    if (simple(k) && b.has(k)) {
      if (!compare(v, b.get(k), strict, seen, level + 1)) return false;
    } else {
      if (simple(k) && strict) return false;
      open.push([k, v]);
    }
  }
  if (open.length === 0) return true;
  const rest = [...b].filter(([k]) => !(simple(k) && a.has(k)));
  return open.every(([k, v]) => {
    const i = rest.findIndex(([l, w]) => compare(k, l, strict, seen, level + 1) && compare(v, w, strict, seen, level + 1));
    if (i >= 0) rest.splice(i, 1);
    return i >= 0;
  });
}

exports.deepEqual = (a, b, strict) => compare(a, b, strict, [], 0);
