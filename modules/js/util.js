'use strict';
const inspectModule = require('internal/inspect');
const { make, checkFunction, invalidType } = require('internal/errors');
const kCustom = Symbol.for('nodejs.util.promisify.custom');

function promisify(original) {
  checkFunction(original, 'original');
  if (original[kCustom]) {
    const f = original[kCustom];
    checkFunction(f, 'util.promisify.custom');
    return Object.defineProperty(f, kCustom, { value: f, configurable: true });
  }
  // The realm's timers know no promisify: their promise forms are a module.
  if (original === globalThis.setTimeout || original === globalThis.setImmediate) return require('timers/promises')[original === globalThis.setTimeout ? 'setTimeout' : 'setImmediate'];
  function f(...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [...args, (err, ...values) => {
        if (err) reject(err);
        else resolve(values[0]);
      }]);
    });
  }
  Object.setPrototypeOf(f, Object.getPrototypeOf(original));
  Object.defineProperty(f, kCustom, { value: f, configurable: true });
  return Object.defineProperties(f, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = kCustom;

function callbackify(original) {
  checkFunction(original, 'original');
  function f(...args) {
    const callback = args.pop();
    checkFunction(callback, 'last argument');
    Reflect.apply(original, this, args).then(
      (v) => queueMicrotask(() => Reflect.apply(callback, this, [null, v])),
      (e) => queueMicrotask(() => {
        if (!e) e = Object.assign(make(Error, 'ERR_FALSY_VALUE_REJECTION', 'Promise was rejected with falsy value'), { reason: e });
        Reflect.apply(callback, this, [e]);
      }));
  }
  Object.defineProperty(f, 'length', { value: original.length + 1, configurable: true });
  Object.defineProperty(f, 'name', { value: `${original.name}Callbackified`, configurable: true });
  return f;
}

function inherits(ctor, parent) {
  if (ctor === undefined || ctor === null) throw invalidType('ctor', 'of type function', ctor);
  if (parent === undefined || parent === null) throw invalidType('superCtor', 'of type function', parent);
  if (parent.prototype === undefined) throw invalidType('superCtor.prototype', 'of type object', parent.prototype);
  Object.defineProperty(ctor, 'super_', { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(ctor.prototype, parent.prototype);
}

const warned = new Set();
function deprecate(f, message, code) {
  let told = false;
  function deprecated(...args) {
    if (!told) {
      told = true;
      if (code === undefined || !warned.has(code)) {
        warned.add(code);
        console.warn(`${code === undefined ? '' : `[${code}] `}DeprecationWarning: ${message}`);
      }
    }
    return new.target ? Reflect.construct(f, args, new.target) : Reflect.apply(f, this, args);
  }
  Object.setPrototypeOf(deprecated, f);
  if (f.prototype) deprecated.prototype = f.prototype;
  return deprecated;
}

// There is no NODE_DEBUG here: debug output is always off.
const debuglog = (set, cb) => {
  const f = () => {};
  f.enabled = false;
  if (typeof cb === 'function') cb(f);
  return f;
};

const brand = inspectModule.brandOf;
Object.assign(exports, {
  inspect: inspectModule.inspect,
  format: inspectModule.formatFull,
  formatWithOptions: (options, ...args) => {
    if (typeof options !== 'object' || options === null) throw invalidType('inspectOptions', 'of type object', options);
    return inspectModule.formatWithOptions(options, ...args);
  },
  promisify,
  callbackify,
  inherits,
  deprecate,
  debuglog,
  debug: debuglog,
  stripVTControlCharacters: (s) => s.replace(/[\u001b\u009b][[\]()#;?]*(?:(?:(?:[a-zA-Z\d]*(?:;[a-zA-Z\d]*)*)?\u0007)|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-ntqry=><~]))/g, ''),
  toUSVString: (s) => native.scalar(`${s}`),
  styleText: (format, text) => `${text}`,
  isDeepStrictEqual: (a, b) => require('internal/equal').deepEqual(a, b, true),
  aborted: (signal) => new Promise((ok) => signal.aborted ? ok() : signal.addEventListener('abort', () => ok(), { once: true })),
  getSystemErrorName: (n) => require('os').errnoName(n),
  parseArgs() { throw make(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'util.parseArgs is not available here: a script has no command line'); },
  _extend: (target, source) => source === null || typeof source !== 'object' ? target : Object.assign(target, source),
  log: (...args) => console.log(...args),
  // The old type tests.
  isArray: Array.isArray,
  isBoolean: (v) => typeof v === 'boolean',
  isNull: (v) => v === null,
  isNullOrUndefined: (v) => v === null || v === undefined,
  isNumber: (v) => typeof v === 'number',
  isString: (v) => typeof v === 'string',
  isSymbol: (v) => typeof v === 'symbol',
  isUndefined: (v) => v === undefined,
  isObject: (v) => v !== null && typeof v === 'object',
  isFunction: (v) => typeof v === 'function',
  isPrimitive: (v) => v === null || typeof v !== 'object' && typeof v !== 'function',
  isRegExp: (v) => brand(v) === 'RegExp',
  isDate: (v) => brand(v) === 'Date',
  isError: (v) => brand(v) === 'Error' || v instanceof Error,
  isBuffer: (v) => require('internal/buffer').Buffer.isBuffer(v),
});
for (const [name, from] of [['types', 'util/types'], ['TextEncoder', 'internal/encoding'], ['TextDecoder', 'internal/encoding']]) {
  Object.defineProperty(exports, name, {
    get() { const m = require(from); return name === 'types' ? m : m[name]; }, enumerable: true, configurable: true,
  });
}
