// Members that the engine's own objects lack: one function per group, called at
// most once a realm, for realms whose sources mention a member. Methods are not
// enumerable and behave as ECMAScript 2025 has them.
'use strict';
function def(o, name, value) {
  Object.defineProperty(o, name, { value, writable: true, configurable: true, enumerable: false });
}
// methods defines every method of src, which keep their names and lengths.
function methods(o, src) {
  for (const k of Object.getOwnPropertyNames(src)) if (!Object.prototype.hasOwnProperty.call(o, k)) def(o, k, src[k]);
}
// standIn makes f the constructor in Native's place: same prototype, same statics.
function standIn(Native, f) {
  Object.defineProperty(f, 'prototype', { value: Native.prototype, writable: false, enumerable: false, configurable: false });
  Object.defineProperty(f, 'length', { value: Native.length, configurable: true });
  return Object.setPrototypeOf(f, Native);
}
const NativeError = Error;
const done = new Set();
function group(name, install) {
  exports[name] = () => {
    if (done.has(name)) return;
    done.add(name);
    install();
  };
}

group('groupBy', () => {
  const each = (items, f, put) => {
    if (items === null || items === undefined) throw new TypeError('groupBy called on null or undefined');
    if (typeof f !== 'function') throw new TypeError('the callback of groupBy is not a function');
    let i = 0;
    for (const item of items) put(f(item, i++), item);
  };
  methods(Object, {
    groupBy(items, callback) {
      const out = Object.create(null);
      each(items, callback, (k, item) => {
        if (typeof k !== 'symbol') k = String(k);
        if (k in out) out[k].push(item);
        else Object.defineProperty(out, k, { value: [item], writable: true, configurable: true, enumerable: true });
      });
      return out;
    },
  });
  methods(Map, {
    groupBy(items, callback) {
      const out = new Map();
      each(items, callback, (k, item) => {
        const list = out.get(k);
        if (list) list.push(item); else out.set(k, [item]);
      });
      return out;
    },
  });
});

group('promise', () => methods(Promise, {
  withResolvers() {
    let resolve, reject;
    const promise = new this((a, b) => { resolve = a; reject = b; });
    return { promise, resolve, reject };
  },
  try(callback, ...args) {
    return new this((resolve) => resolve(callback(...args)));
  },
}));

group('fromAsync', () => {
  exports.symbols();
  methods(Array, {
    fromAsync(items, mapper, thisArg) {
      const C = this;
      return (async () => {
        if (mapper !== undefined && typeof mapper !== 'function') throw new TypeError('the mapper of Array.fromAsync is not a function');
        const construct = typeof C === 'function';
        const sync = items[Symbol.iterator], async = items[Symbol.asyncIterator];
        let i = 0;
        const put = async (out, v, awaited) => {
          if (!awaited) v = await v;
          if (mapper) v = await mapper.call(thisArg, v, i);
          Object.defineProperty(out, i++, { value: v, writable: true, enumerable: true, configurable: true });
        };
        if (async !== undefined && async !== null || sync !== undefined && sync !== null) {
          const out = construct ? new C() : [];
          const it = async ? async.call(items) : sync.call(items);
          const next = it.next;
          for (;;) {
            let step = next.call(it);
            if (async) step = await step;
            if (step === null || typeof step !== 'object' && typeof step !== 'function') throw new TypeError('iterator result is not an object');
            if (step.done) break;
            try { await put(out, step.value, !!async); } catch (e) {
              try { if (it.return) await it.return(); } catch (_) { /* the first error counts */ }
              throw e;
            }
          }
          out.length = i;
          return out;
        }
        const n = Math.min(Math.max(Math.trunc(Number(items.length)) || 0, 0), Number.MAX_SAFE_INTEGER);
        const out = construct ? new C(n) : new Array(n);
        while (i < n) await put(out, items[i], false);
        out.length = n;
        return out;
      })();
    },
  });
});

group('wellFormed', () => {
  const string = (v, name) => {
    if (v === null || v === undefined) throw new TypeError(`String.prototype.${name} called on null or undefined`);
    return String(v);
  };
  const scan = (s, fix) => {
    let out = '', from = 0;
    for (let i = 0; i < s.length; i++) {
      const c = s.charCodeAt(i);
      if ((c & 0xf800) !== 0xd800) continue;
      if (c < 0xdc00 && (s.charCodeAt(i + 1) & 0xfc00) === 0xdc00) { i++; continue; }
      if (!fix) return false;
      out += s.slice(from, i) + '\ufffd';
      from = i + 1;
    }
    return fix ? out + s.slice(from) : true;
  };
  methods(String.prototype, {
    isWellFormed() { return scan(string(this, 'isWellFormed'), false); },
    toWellFormed() { return scan(string(this, 'toWellFormed'), true); },
  });
});

group('symbols', () => {
  for (const name of ['asyncIterator', 'dispose', 'asyncDispose']) {
    if (!Symbol[name]) Object.defineProperty(Symbol, name, { value: Symbol.for('Symbol.' + name) });
  }
});

group('accessors', () => {
  const object = (o) => {
    if (o === null || o === undefined) throw new TypeError('Cannot convert undefined or null to object');
    return Object(o);
  };
  const find = (o, key, kind) => {
    if (typeof key !== 'symbol') key = String(key);
    for (o = object(o); o !== null; o = Object.getPrototypeOf(o)) {
      const d = Object.getOwnPropertyDescriptor(o, key);
      if (d) return d[kind];
    }
  };
  const put = (o, key, kind, f) => {
    o = object(o);
    if (typeof f !== 'function') throw new TypeError('the accessor is not a function');
    Object.defineProperty(o, key, { [kind]: f, enumerable: true, configurable: true });
  };
  methods(Object.prototype, {
    __defineGetter__(key, f) { put(this, key, 'get', f); },
    __defineSetter__(key, f) { put(this, key, 'set', f); },
    __lookupGetter__(key) { return find(this, key, 'get'); },
    __lookupSetter__(key) { return find(this, key, 'set'); },
  });
});

// The engine's own takes no string, as in Uint8Array.from(atob(s), f).
group('typedFrom', () => {
  const Typed = Object.getPrototypeOf(Uint8Array);
  const native = Typed.from;
  def(Typed, 'from', { from(items, ...map) { return native.call(this, typeof items === 'string' ? Array.from(items) : items, ...map); } }.from);
});

group('annexB', () => {
  def(Date.prototype, 'toGMTString', Date.prototype.toUTCString);
  methods(Date.prototype, {
    getYear() { return this.getFullYear() - 1900; },
    setYear(year) {
      const y = Math.trunc(Number(year));
      if (y !== y) return this.setTime(NaN);
      if (this.getTime() !== this.getTime()) this.setTime(0);
      return this.setFullYear(y >= 0 && y <= 99 ? 1900 + y : y);
    },
  });
});

group('escape', () => {
  const hex = (c) => c < 0x100 ? '\\x' + c.toString(16).padStart(2, '0') : '\\u' + c.toString(16).padStart(4, '0');
  const control = { '\t': '\\t', '\n': '\\n', '\v': '\\v', '\f': '\\f', '\r': '\\r' };
  methods(RegExp, {
    escape(s) {
      if (typeof s !== 'string') throw new TypeError('RegExp.escape takes a string');
      let out = '';
      for (let i = 0; i < s.length; i++) {
        const ch = s[i], c = s.charCodeAt(i);
        if (i === 0 && /[0-9A-Za-z]/.test(ch)) out += hex(c);
        else if ('^$\\.*+?()[]{}|/'.includes(ch)) out += '\\' + ch;
        else if (control[ch]) out += control[ch];
        else if (",-=<>#&!%:;@~'`\"".includes(ch) || /\s/.test(ch)) out += hex(c);
        else if ((c & 0xfc00) === 0xd800 && (s.charCodeAt(i + 1) & 0xfc00) === 0xdc00) out += ch + s[++i];
        else if ((c & 0xf800) === 0xd800) out += hex(c);
        else out += ch;
      }
      return out;
    },
  });
});

// A RegExp whose constructor understands \p{…}: it gives the engine the pattern
// with properties written out, and shows the original as `source`.
group('regexp', () => {
  const Native = RegExp, expand = native.expandPattern;
  const properties = /\\[pP]\{/;
  const make = (args, target) => {
    let [pattern, flags] = args;
    if (pattern instanceof Native) {
      if (flags === undefined) flags = pattern.flags;
      pattern = pattern.source;
    }
    if (pattern !== undefined) pattern = String(pattern);
    flags = flags === undefined ? '' : String(flags);
    if (pattern === undefined || !flags.includes('u') || !properties.test(pattern)) {
      return Reflect.construct(Native, [pattern, flags], target);
    }
    const re = Reflect.construct(Native, [expand(pattern), flags], target);
    Object.defineProperty(re, 'source', { value: pattern, configurable: true });
    return re;
  };
  const wrapper = standIn(Native, function RegExp(pattern, flags) {
    if (new.target === undefined && flags === undefined && pattern !== null && typeof pattern === 'object' &&
      pattern[Symbol.match] && pattern.constructor === wrapper) return pattern;
    return make(arguments, new.target === undefined || new.target === wrapper ? Native : new.target);
  });
  def(Native.prototype, 'constructor', wrapper);
  def(globalThis, 'RegExp', wrapper);
});

group('stack', () => {
  if (!('stackTraceLimit' in Error)) {
    Object.defineProperty(Error, 'stackTraceLimit', { value: 10, writable: true, configurable: true, enumerable: true });
  }
  methods(Error, {
    captureStackTrace(target, above) {
      if (target === null || typeof target !== 'object' && typeof target !== 'function') throw new TypeError('Invalid argument');
      const sites = exports.callSites(new NativeError().stack, 1, above);
      let value;
      Object.defineProperty(target, 'stack', {
        configurable: true, enumerable: false,
        get() { return value === undefined ? (value = exports.renderStack(target, sites)) : value; },
        set(v) { Object.defineProperty(target, 'stack', { value: v, writable: true, configurable: true, enumerable: false }); },
      });
    },
  });
});

// prepareStackTrace also rules the stacks of new errors: the constructor has to
// be wrapped.
group('callsites', () => {
  exports.stack();
  const Native = Error;
  const wrapper = standIn(Native, function Error(message) {
    const e = Reflect.construct(Native, arguments, new.target === undefined || new.target === wrapper ? Native : new.target);
    if (typeof wrapper.prepareStackTrace === 'function') e.stack = exports.renderStack(e, exports.callSites(new Native().stack, 1));
    return e;
  });
  def(Native.prototype, 'constructor', wrapper);
  def(globalThis, 'Error', wrapper);
});

// callSites reads a stack of the engine, one frame a line:
// `\tat name (file:line:column(pc))`, `\tat file:line:column(pc)`, `\tat name (native)`.
exports.callSites = (stack, skip, above) => {
  const sites = [];
  for (const line of String(stack).split('\n')) {
    const m = /^\tat (?:(.*) \((.*)\)|(.*))$/.exec(line);
    if (!m) continue;
    const where = m[2] !== undefined ? m[2] : m[3];
    const pos = /^(.*):(\d+):(\d+)(?:\(\d+\))?$/.exec(where);
    const name = m[1] === undefined ? null : m[1];
    sites.push(pos ? new CallSite(name, pos[1], +pos[2], +pos[3]) : new CallSite(name, where === 'native' ? null : where, null, null));
  }
  sites.splice(0, skip);
  if (typeof above === 'function' && above.name) {
    const i = sites.findIndex((s) => s.name === above.name || s.name !== null && s.name.endsWith('.' + above.name));
    if (i >= 0) sites.splice(0, i + 1);
  }
  const limit = Error.stackTraceLimit;
  return typeof limit === 'number' ? sites.slice(0, Math.max(0, limit)) : sites;
};

exports.renderStack = (target, sites) => {
  if (typeof Error.prepareStackTrace === 'function') return Error.prepareStackTrace(target, sites);
  let head;
  try { head = Error.prototype.toString.call(target); } catch (_) { head = 'Error'; }
  return [head, ...sites.map((s) => '    at ' + s)].join('\n');
};

class CallSite {
  constructor(name, file, line, column) {
    for (const [k, v] of [['name', name], ['file', file], ['line', line], ['column', column]]) def(this, k, v);
  }
  getThis() { return undefined; }
  getTypeName() { const i = this.name === null ? -1 : this.name.lastIndexOf('.'); return i > 0 ? this.name.slice(0, i) : null; }
  getFunction() { return undefined; }
  getFunctionName() { return this.name; }
  getMethodName() { return this.name === null ? null : this.name.slice(this.name.lastIndexOf('.') + 1); }
  getFileName() { return this.file; }
  getScriptNameOrSourceURL() { return this.file; }
  getLineNumber() { return this.line; }
  getColumnNumber() { return this.column; }
  getEvalOrigin() { return undefined; }
  isToplevel() { return this.name === null; }
  isEval() { return false; }
  isNative() { return this.file === null; }
  isConstructor() { return false; }
  isAsync() { return false; }
  isPromiseAll() { return false; }
  getPromiseIndex() { return null; }
  toString() {
    const at = this.file === null ? 'native' : this.line === null ? this.file : `${this.file}:${this.line}:${this.column}`;
    return this.name === null ? at : `${this.name} (${at})`;
  }
}

group('iterator', () => require('internal/iterator'));
group('locale', () => require('internal/locale'));

// Whoever asks for a polyfill at all gets the symbols, which other groups and
// lowered code build on.
exports.symbols();
