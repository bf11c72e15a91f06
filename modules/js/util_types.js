'use strict';
const getter = (o, k) => Object.getOwnPropertyDescriptor(o, k).get;
// passes tells whether f accepts v as its receiver, which only the genuine kind does.
const passes = (f, ...args) => (v) => {
  if (v === null || typeof v !== 'object' && typeof v !== 'function') return false;
  try { f.call(v, ...args); return true; } catch (e) { return false; }
};
const kindOf = getter(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);
const kinds = ['Uint8', 'Uint8Clamped', 'Uint16', 'Uint32', 'Int8', 'Int16', 'Int32', 'Float32', 'Float64', 'BigInt64', 'BigUint64'];
for (const k of kinds) exports[`is${k}Array`] = (v) => kindOf.call(v) === `${k}Array`;
const tag = (v) => Object.prototype.toString.call(v).slice(8, -1);
const tagged = (name) => (v) => v !== null && (typeof v === 'object' || typeof v === 'function') && tag(v) === name;
const boxed = {};
for (const k of ['Number', 'String', 'Boolean', 'Symbol', 'BigInt']) {
  boxed[k] = exports[`is${k}Object`] = (v) => typeof v === 'object' && passes(globalThis[k].prototype.valueOf)(v);
}
Object.assign(exports, {
  isTypedArray: (v) => kindOf.call(v) !== undefined,
  isArrayBufferView: ArrayBuffer.isView,
  isArrayBuffer: passes(getter(ArrayBuffer.prototype, 'byteLength')),
  isAnyArrayBuffer: passes(getter(ArrayBuffer.prototype, 'byteLength')),
  isSharedArrayBuffer: () => false,
  isDataView: (v) => ArrayBuffer.isView(v) && kindOf.call(v) === undefined,
  isMap: passes(getter(Map.prototype, 'size')),
  isSet: passes(getter(Set.prototype, 'size')),
  isWeakMap: passes(WeakMap.prototype.has, {}),
  isWeakSet: passes(WeakSet.prototype.has, {}),
  isDate: passes(Date.prototype.getTime),
  isRegExp: (v) => v !== RegExp.prototype && passes(getter(RegExp.prototype, 'source'))(v),
  isPromise: (v) => v instanceof Promise,
  isNativeError: (v) => v instanceof Error || tagged('Error')(v),
  isAsyncFunction: (v) => typeof v === 'function' && /^Async/.test(tag(v)),
  isGeneratorFunction: (v) => typeof v === 'function' && /GeneratorFunction$/.test(tag(v)),
  isGeneratorObject: tagged('Generator'),
  isMapIterator: tagged('Map Iterator'),
  isSetIterator: tagged('Set Iterator'),
  isArgumentsObject: tagged('Arguments'),
  isBoxedPrimitive: (v) => Object.keys(boxed).some((k) => boxed[k](v)),
  isModuleNamespaceObject: () => false,
  isExternal: () => false,
  // A script cannot tell a proxy from its target here.
  isProxy: () => false,
  isKeyObject: (v) => v !== null && typeof v === 'object' && v.constructor && /KeyObject$/.test(v.constructor.name) || false,
  isCryptoKey: tagged('CryptoKey'),
});
