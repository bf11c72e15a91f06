// Values as text, the way Node.js's util.inspect and console show them.
'use strict';
const custom = Symbol.for('nodejs.util.inspect.custom');
const defaults = { showHidden: false, depth: 2, colors: false, customInspect: true, showProxy: false, maxArrayLength: 100,
  maxStringLength: 10000, breakLength: 80, compact: 3, sorted: false, getters: false, numericSeparator: false };
// Levels that fit into the engine's call stack, whatever depth is asked for.
const maxLevels = 40;
// Characters that one console line, and one inspect, may become.
const lineBudget = 16384, inspectBudget = 1 << 20;

const { getOwnPropertyDescriptor, getPrototypeOf, keys: keysOf } = Object;
const has = (o, k) => Object.prototype.hasOwnProperty.call(o, k);
const plural = (n) => n === 1 ? '' : 's';
// Text alone needs no layout.
let layout;
const lines = () => layout || (layout = require('internal/inspect_layout'));
const KEYED = 0, LIST_ITEM = 1, LIST_EXTRA = 2;

const escapes = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' };
function quote(s) {
  const easy = native.quote(s);
  if (easy !== undefined) return easy;
  let q = "'", special = /[\x00-\x1f\x27\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?:[^\ud800-\udbff]|^)[\udc00-\udfff]/;
  if (!special.test(s)) return `'${s}'`;
  if (s.includes("'")) {
    if (!s.includes('"')) q = '"';
    else if (!s.includes('`') && !s.includes('${')) q = '`';
  }
  let out = '';
  for (const c of s) {
    const n = c.charCodeAt(0);
    if (escapes[c]) out += escapes[c];
    else if (c === "'" && q === "'") out += "\\'";
    else if (n < 0x20 || n >= 0x7f && n <= 0x9f) out += '\\x' + (n < 16 ? '0' : '') + n.toString(16).toUpperCase();
    else if (c.length === 1 && n >= 0xd800 && n <= 0xdfff) out += '\\u' + n.toString(16);
    else out += c;
  }
  return q + out + q;
}

function primitive(ctx, v) {
  if (typeof v === 'string') {
    let tail = '';
    if (v.length > ctx.maxStringLength) {
      const n = v.length - ctx.maxStringLength;
      v = v.slice(0, ctx.maxStringLength);
      tail = `... ${n} more character${plural(n)}`;
    }
    ctx.budget -= v.length;
    if (ctx.compact !== true && v.length > 16 && v.length > ctx.breakLength - ctx.indent - 4 && v.includes('\n')) {
      return v.match(/[^\n]*\n|[^\n]+/g).map(quote).join(` +\n${' '.repeat(ctx.indent + 2)}`) + tail;
    }
    return quote(v) + tail;
  }
  ctx.budget -= 4;
  if (typeof v === 'number') return Object.is(v, -0) ? '-0' : ctx.numericSeparator ? separated(String(v)) : String(v);
  if (typeof v === 'bigint') return (ctx.numericSeparator ? separated(String(v)) : v) + 'n';
  return typeof v === 'symbol' ? Symbol.prototype.toString.call(v) : String(v);
}
const separated = (s) => {
  const [whole, fraction] = s.split('.');
  if (/e/i.test(s)) return s;
  return whole.replace(/\B(?=(\d{3})+$)/g, '_') + (fraction === undefined ? '' : '.' + fraction.replace(/(\d{3})(?=\d)/g, '$1_'));
};

function value(ctx, v, level, typed) {
  if (v === null || typeof v !== 'object' && typeof v !== 'function') return primitive(ctx, v);
  try {
    if (ctx.customInspect) {
      const f = v[custom];
      if (typeof f === 'function' && f !== inspect && !(v.constructor && v.constructor.prototype === v)) {
        const depth = ctx.depth === null ? null : ctx.depth - level;
        const options = { ...defaults, ...ctx.user, depth, stylize: (s) => `${s}` };
        const r = f.call(v, depth, options, inspect);
        if (r !== v) {
          if (typeof r !== 'object') return `${r}`.replace(/\n/g, `\n${' '.repeat(ctx.indent)}`);
          return value(ctx, r, level);
        }
      }
    }
    if (ctx.seen.includes(v)) {
      if (!ctx.circular) ctx.circular = new Map();
      if (!ctx.circular.has(v)) ctx.circular.set(v, ctx.circular.size + 1);
      return `[Circular *${ctx.circular.get(v)}]`;
    }
    return object(ctx, v, level, typed);
  } catch (e) {
    // A proxy's trap, a custom inspect or a toStringTag that throws.
    return '[Object: cannot be inspected]';
  }
}

function constructorName(v) {
  let first;
  for (let o = v, n = 0; o !== null && n < 100; o = getPrototypeOf(o), n++) {
    const d = getOwnPropertyDescriptor(o, 'constructor');
    if (d !== undefined && typeof d.value === 'function' && d.value.name !== '' && v instanceof d.value) return `${d.value.name}`;
    if (first === undefined) first = o;
  }
  return null;
}
const prefixOf = (name, tag, fallback, size = '') => {
  if (name === null) return tag !== '' && fallback !== tag ? `[${fallback}${size}: null prototype] [${tag}] ` : `[${fallback}${size}: null prototype] `;
  return tag !== '' && name !== tag ? `${name}${size} [${tag}] ` : `${name}${size} `;
};

function ownKeys(ctx, v, list) {
  let keys;
  if (list) {
    // Index keys come first; more than this is too many to look behind.
    if (v.length > 5000) return [];
    keys = (ctx.showHidden ? Object.getOwnPropertyNames : keysOf)(v);
    let n = keys.length;
    while (n > 0 && String(keys[n - 1] >>> 0) !== keys[n - 1]) n--;
    keys = keys.slice(n);
  } else {
    keys = (ctx.showHidden ? Object.getOwnPropertyNames : keysOf)(v);
  }
  const symbols = Object.getOwnPropertySymbols(v);
  if (symbols.length) keys = keys.concat(ctx.showHidden ? symbols : symbols.filter((s) => getOwnPropertyDescriptor(v, s).enumerable));
  return keys;
}

const brandOf = (v) => Object.prototype.toString.call(v).slice(8, -1);
// is tells by a method that only the genuine kind passes.
const is = (get, v) => { try { get.call(v); return true; } catch (e) { return false; } };
// Only what is looked at brings its class into the realm.
const getters = {};
const getter = (name, key) => getters[name] || (getters[name] = getOwnPropertyDescriptor(globalThis[name].prototype, key).get);

function object(ctx, v, level, typed) {
  const name = constructorName(v);
  let tag = v[Symbol.toStringTag];
  if (typeof tag !== 'string' || tag !== '' && has(v, Symbol.toStringTag) && getOwnPropertyDescriptor(v, Symbol.toStringTag).enumerable) tag = '';
  let keys, base = '', braces = ['{', '}'], items = () => [], extra = KEYED;
  if (Array.isArray(v)) {
    keys = ownKeys(ctx, v, true);
    braces = [`${name !== 'Array' || tag !== '' ? prefixOf(name, tag, 'Array', `(${v.length})`) : ''}[`, ']'];
    if (v.length === 0 && keys.length === 0) return `${braces[0]}]`;
    extra = LIST_EXTRA;
    items = list;
  } else if (typeof v === 'function') {
    keys = ownKeys(ctx, v);
    base = functionBase(v, name, tag);
    if (keys.length === 0) return base;
  } else if (ArrayBuffer.isView(v) && !(v instanceof DataView)) {
    keys = ownKeys(ctx, v, true);
    const kind = brandOf(v);
    if (v instanceof Uint8Array && name === 'Buffer') return bufferText(ctx, v, keys);
    braces = [`${prefixOf(name, tag, kind, `(${v.length})`)}[`, ']'];
    if (v.length === 0 && keys.length === 0) return `${braces[0]}]`;
    extra = LIST_EXTRA;
    items = typedList;
  } else {
    const special = wellKnown(ctx, v, name, tag, level, typed);
    if (typeof special === 'string') return special;
    ({ keys, base = '', braces = ['{', '}'], items = () => [], extra = KEYED } = special);
  }
  if (level > maxLevels || ctx.depth !== null && level > ctx.depth || ctx.budget < 0) {
    return `[${prefixOf(name, tag, Array.isArray(v) ? 'Array' : 'Object').slice(0, -1)}]`;
  }
  level++;
  ctx.seen.push(v);
  ctx.level = level;
  const out = items(ctx, v, level);
  for (let i = 0; i < keys.length; i++) {
    if (ctx.budget < 0) {
      out.push(`... ${keys.length - i} more propert${keys.length - i === 1 ? 'y' : 'ies'}`);
      break;
    }
    out.push(property(ctx, v, level, keys[i], extra));
  }
  ctx.seen.pop();
  if (ctx.circular !== undefined && ctx.circular.has(v)) {
    const ref = `<ref *${ctx.circular.get(v)}>`;
    if (ctx.compact !== true) base = base === '' ? ref : `${ref} ${base}`;
    else braces[0] = `${ref} ${braces[0]}`;
  }
  if (ctx.sorted) {
    const by = ctx.sorted === true ? undefined : ctx.sorted;
    if (extra === KEYED) out.sort(by);
    else if (keys.length > 1) out.splice(out.length - keys.length, keys.length, ...out.slice(out.length - keys.length).sort(by));
  }
  return lines().layout(ctx, out, base, braces, extra === LIST_EXTRA, level, v);
}

// wellKnown gives the text, or the parts, of objects with a face of their own.
function wellKnown(ctx, v, name, tag, level, typed) {
  const keys = ownKeys(ctx, v);
  const plain = keys.length === 0;
  const brand = brandOf(v);
  if (v instanceof Error || brand === 'Error') {
    const base = errorText(ctx, v, name, keys);
    return keys.length === 0 ? base : { keys, base };
  }
  // All that follow have a brand of their own; each test throws where it fails.
  if (brand === 'Object' && tag === '') return ordinary(keys, name, tag);
  if (is(getter('Map', 'size'), v)) {
    const prefix = prefixOf(name, tag, 'Map', `(${getter('Map', 'size').call(v)})`);
    return plain && getter('Map', 'size').call(v) === 0 ? `${prefix}{}` : { keys, braces: [`${prefix}{`, '}'], items: entries };
  }
  if (is(getter('Set', 'size'), v)) {
    const prefix = prefixOf(name, tag, 'Set', `(${getter('Set', 'size').call(v)})`);
    return plain && getter('Set', 'size').call(v) === 0 ? `${prefix}{}` : { keys, braces: [`${prefix}{`, '}'], items: members };
  }
  if (brand === 'RegExp' || brand === 'Date') {
    const prefix = prefixOf(name, tag, brand);
    let base = brand === 'RegExp' ? RegExp.prototype.toString.call(v) : Number.isNaN(Date.prototype.getTime.call(v)) ? 'Invalid Date' : Date.prototype.toISOString.call(v);
    if (prefix !== `${brand} `) base = prefix + base;
    return plain ? base : { keys, base };
  }
  if (brand === 'Arguments') {
    return plain ? '[Arguments] {}' : { keys, braces: ['[Arguments] {', '}'] };
  }
  if (is(getter('ArrayBuffer', 'byteLength'), v)) {
    const prefix = prefixOf(name, tag, 'ArrayBuffer');
    if (typed) return `${prefix}{ byteLength: ${v.byteLength} }`;
    return { keys: ['byteLength', ...keys], braces: [`${prefix}{`, '}'], items: contents };
  }
  if (v instanceof DataView) return { keys: ['byteLength', 'byteOffset', 'buffer', ...keys], braces: [`${prefixOf(name, tag, 'DataView')}{`, '}'] };
  if (v instanceof WeakSet || v instanceof WeakMap) {
    return { keys, braces: [`${prefixOf(name, tag, brand)}{`, '}'], items: () => ['<items unknown>'] };
  }
  if (/^(?:Number|String|Boolean|BigInt|Symbol)$/.test(brand) && is(globalThis[brand].prototype.valueOf, v)) {
    const p = globalThis[brand].prototype.valueOf.call(v);
    let base = `[${brand}${name !== brand ? name === null ? ' (null prototype)' : ` (${name})` : ''}: ${primitive({ ...ctx, compact: true }, p)}]`;
    if (tag !== '' && tag !== name && tag !== brand) base += ` [${tag}]`;
    const own = brand === 'String' ? keys.slice(p.length) : keys;
    return own.length === 0 ? base : { keys: own, base };
  }
  return ordinary(keys, name, tag);
}
const ordinary = (keys, name, tag) => {
  const prefix = name === 'Object' && tag === '' ? '' : prefixOf(name, tag, 'Object');
  return keys.length === 0 ? `${prefix}{}` : { keys, braces: [`${prefix}{`, '}'] };
};

function functionBase(f, name, tag) {
  const source = Function.prototype.toString.call(f);
  const own = typeof f.name === 'string' ? f.name : '';
  if (/^class\b/.test(source) && source.endsWith('}')) {
    let s = `[class ${own === '' || !has(f, 'name') ? '(anonymous)' : own}`;
    if (name !== 'Function' && name !== null) s += ` [${name}]`;
    if (tag !== '' && name !== tag) s += ` [${tag}]`;
    if (name === null) return s + ' extends [null prototype]]';
    const parent = getPrototypeOf(f).name;
    return s + (parent ? ` extends ${parent}]` : ']');
  }
  const type = /^(?:Async)?(?:Generator)?Function$/.test(tag) ? tag : 'Function';
  let s = `[${type}${name === null ? ' (null prototype)' : ''}${own === '' ? ' (anonymous)' : `: ${own}`}]`;
  if (name !== type && name !== null) s += ` ${name}`;
  if (tag !== '' && name !== tag && tag !== type) s += ` [${tag}]`;
  return s;
}

function errorText(ctx, e, name, keys) {
  let stack = '';
  try { stack = e.stack ? String(e.stack) : Error.prototype.toString.call(e); } catch (x) { stack = '[Error]'; }
  const drop = (k, text) => {
    const i = keys.indexOf(k);
    if (i >= 0 && stack.includes(text)) keys.splice(i, 1);
  };
  for (const k of ['name', 'message', 'stack']) {
    if (keys.includes(k)) drop(k, k === 'stack' ? stack : String(e[k]));
  }
  if ('cause' in e && !keys.includes('cause') && (has(e, 'cause'))) keys.push('cause');
  if (has(e, 'errors') && Array.isArray(e.errors) && !keys.includes('errors')) keys.push('errors');
  // The engine's frames in Node's form, without those of Rulebox itself.
  let [head, ...frames] = stack.split(/\n\s+at (?=[^\n]*(?:\(|:\d+:\d+))/);
  frames = frames.filter((f) => !/rulebox:|\(native\)|^github\.com\//.test(f)).map((f) => f.trim().replace(/\(\d+\)(\)?)$/, '$1'));
  // What was set after the error was made counts: a later name or message.
  const own = typeof e.name === 'string' && e.name !== '' ? e.name : name || 'Error';
  if (name !== null && own === 'Error' && name !== 'Error' && /Error/.test(name) && head.startsWith('Error')) head = name + head.slice(5);
  else if (head.startsWith('Error') && own !== 'Error' && !head.startsWith(own)) head = own + head.slice(5);
  if (typeof e.code === 'string' && /^ERR_/.test(e.code) && head.startsWith(`${own}:`)) {
    head = `${own} [${e.code}]${head.slice(own.length)}`;
  }
  if (frames.length === 0) return `[${head.replace(/\n$/, '')}]`.replace(/\n/g, `\n${' '.repeat(ctx.indent)}`);
  const text = head + frames.map((f) => `\n    at ${f}`).join('');
  ctx.budget -= text.length;
  return ctx.indent ? text.replace(/\n/g, `\n${' '.repeat(ctx.indent)}`) : text;
}

function bufferText(ctx, v, keys) {
  const shown = Math.min(50, v.length);
  let s = '';
  for (let i = 0; i < shown; i++) s += (i ? ' ' : '') + (v[i] < 16 ? '0' : '') + v[i].toString(16);
  if (v.length > shown) s += ` ... ${v.length - shown} more byte${plural(v.length - shown)}`;
  for (const k of keys) s += `${s ? ', ' : ''}${property(ctx, v, ctx.level + 1, k, KEYED)}`;
  return `<Buffer ${s}>`;
}

function property(ctx, v, level, key, type) {
  const d = getOwnPropertyDescriptor(v, key) || { value: v[key], enumerable: true };
  let s, gap = ' ';
  if ('value' in d || !('get' in d)) {
    const step = ctx.compact === true && type === KEYED ? 3 : 2;
    ctx.indent += step;
    s = value(ctx, d.value, level);
    if (step === 3 && ctx.breakLength < lines().width(s)) gap = `\n${' '.repeat(ctx.indent)}`;
    ctx.indent -= step;
  } else if (d.get !== undefined) {
    s = d.set !== undefined ? '[Getter/Setter]' : '[Getter]';
    if (ctx.getters && (ctx.getters === true || ctx.getters === 'get' && d.set === undefined || ctx.getters === 'set' && d.set !== undefined)) {
      try {
        const got = d.get.call(v);
        ctx.indent += 2;
        s = got === null || typeof got !== 'object' ? `${s.slice(0, -1)}: ${value(ctx, got, level)}]` : `${s} ${value(ctx, got, level)}`;
        ctx.indent -= 2;
      } catch (e) {
        s = `${s.slice(0, -1)}: <Inspection threw (${e && e.message})>]`;
      }
    }
  } else {
    s = d.set !== undefined ? '[Setter]' : 'undefined';
  }
  if (type === LIST_ITEM) return s;
  let k;
  if (typeof key === 'symbol') k = `[${Symbol.prototype.toString.call(key)}]`;
  else if (key === '__proto__') k = "['__proto__']";
  else if (d.enumerable === false) k = `[${key}]`;
  else k = native.name(key) ? key : quote(key);
  ctx.budget -= k.length;
  return `${k}:${gap}${s}`;
}

const limit = (ctx) => ctx.maxArrayLength === null ? Infinity : Math.max(0, ctx.maxArrayLength);
const more = (out, n, what = 'item') => { if (n > 0) out.push(`... ${n} more ${what}${plural(n)}`); return out; };

function list(ctx, v, level) {
  const out = [];
  const max = limit(ctx);
  let i = 0;
  for (; i < v.length && out.length < max && ctx.budget >= 0; i++) {
    if (has(v, i)) {
      out.push(property(ctx, v, level, String(i), LIST_ITEM));
    } else {
      const from = i;
      // A sparse array may claim four thousand million holes.
      if (v.length - i > 100000) {
        const next = keysOf(v).find((k) => +k > from);
        i = next === undefined || !(+next < v.length) ? v.length - 1 : +next - 1;
      } else {
        while (i + 1 < v.length && !has(v, i + 1)) i++;
      }
      out.push(`<${i - from + 1} empty item${plural(i - from + 1)}>`);
    }
  }
  return more(out, v.length - i);
}
function typedList(ctx, v) {
  const n = Math.min(limit(ctx), v.length), out = [];
  for (let i = 0; i < n && ctx.budget >= 0; i++) out.push(primitive(ctx, v[i]));
  more(out, v.length - out.length);
  if (ctx.showHidden) {
    ctx.indent += 2;
    for (const k of ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer']) out.push(`[${k}]: ${value(ctx, v[k], ctx.level, true)}`);
    ctx.indent -= 2;
  }
  return out;
}
function members(ctx, v, level) {
  const out = [], max = limit(ctx), size = getter('Set', 'size').call(v);
  ctx.indent += 2;
  for (const e of Set.prototype.values.call(v)) {
    if (out.length >= max || ctx.budget < 0) break;
    out.push(value(ctx, e, level));
  }
  ctx.indent -= 2;
  return more(out, size - out.length);
}
function entries(ctx, v, level) {
  const out = [], max = limit(ctx), size = getter('Map', 'size').call(v);
  ctx.indent += 2;
  for (const [k, e] of Map.prototype.entries.call(v)) {
    if (out.length >= max || ctx.budget < 0) break;
    out.push(`${value(ctx, k, level)} => ${value(ctx, e, level)}`);
  }
  ctx.indent -= 2;
  return more(out, size - out.length);
}
function contents(ctx, v) {
  const b = new Uint8Array(v), n = Math.min(limit(ctx), b.length);
  let s = '';
  for (let i = 0; i < n; i++) s += (i ? ' ' : '') + (b[i] < 16 ? '0' : '') + b[i].toString(16);
  if (b.length > n) s += ` ... ${b.length - n} more byte${plural(b.length - n)}`;
  return [`[Uint8Contents]: <${s}>`];
}

function inspect(v, opts) {
  const ctx = { ...defaults, budget: inspectBudget, seen: [], indent: 0, level: 0, circular: undefined, user: undefined };
  if (typeof opts === 'boolean') {
    // The old form: inspect(value, showHidden, depth, colors).
    ctx.showHidden = opts;
    if (arguments.length > 2 && arguments[2] !== undefined) ctx.depth = arguments[2];
  } else if (opts) {
    ctx.user = opts;
    for (const k of keysOf(opts)) if (has(defaults, k) || k === 'budget') ctx[k] = opts[k];
  }
  if (ctx.depth === Infinity) ctx.depth = null;
  if (ctx.maxStringLength === null) ctx.maxStringLength = Infinity;
  return value(ctx, v, 0);
}
inspect.custom = custom;
inspect.defaultOptions = defaults;

// ownText tells whether the object's class brings a toString of its own.
const ownText = (v) => {
  if (has(v, 'toString')) return typeof v.toString === 'function';
  let o = v;
  do o = getPrototypeOf(o); while (o !== null && !has(o, 'toString'));
  if (o === null) return false;
  const d = getOwnPropertyDescriptor(o, 'constructor');
  return !(d !== undefined && typeof d.value === 'function' &&
    /^(?:Object|Function|Array|Number|String|Boolean|Symbol|BigInt|Date|RegExp|Map|Set|WeakMap|WeakSet|Promise|Proxy|(?:Aggregate|Eval|Range|Reference|Syntax|Type|URI)?Error|ArrayBuffer|DataView|(?:Big)?(?:Ui|I)nt\d+(?:Clamped)?Array|Float\d+Array)$/.test(d.value.name));
};
const json = (v) => {
  try {
    return JSON.stringify(v);
  } catch (e) {
    if (/circular/i.test(e.message)) return '[Circular]';
    throw e;
  }
};
function directive(c, v, options) {
  // A list is no number, and joining a long one to find out takes for ever.
  if ('dif'.includes(c) && Array.isArray(v) && v.length > 1) return c === 'd' ? 'NaN' : directive(c, v[0]);
  switch (c) {
    case 's':
      if (typeof v === 'number') return Object.is(v, -0) ? '-0' : `${v}`;
      if (typeof v === 'bigint') return `${v}n`;
      if (typeof v !== 'object' || v === null || ownText(v)) return String(v);
      return inspect(v, { ...options, depth: 0, colors: false, compact: 3 });
    case 'd': return typeof v === 'bigint' ? `${v}n` : typeof v === 'symbol' ? 'NaN' : primitive(zero(), Number(v));
    case 'i': return typeof v === 'bigint' ? `${v}n` : typeof v === 'symbol' ? 'NaN' : primitive(zero(), parseInt(v, 10));
    case 'f': return typeof v === 'symbol' ? 'NaN' : primitive(zero(), parseFloat(v));
    case 'j': return json(v);
    case 'o': return inspect(v, { ...options, showHidden: true, showProxy: true, depth: 4 });
    case 'O': return inspect(v, options);
    default: return '';
  }
}
const zero = () => ({ budget: 0 });

function formatWithOptions(options, ...args) {
  let out = '', next = 0, join = '';
  const first = args[0];
  if (typeof first === 'string') {
    if (args.length === 1) return first;
    let from = 0;
    next = 1;
    for (let i = first.indexOf('%'); i >= 0 && i < first.length - 1; i = first.indexOf('%', i + 1)) {
      const c = first[i + 1];
      if (c === '%') {
        out += first.slice(from, i) + '%';
        from = ++i + 1;
      } else if (next < args.length && 'sdifjoOc'.includes(c)) {
        out += first.slice(from, i) + directive(c, args[next++], options);
        from = ++i + 1;
      }
    }
    out += first.slice(from);
    join = ' ';
  }
  for (; next < args.length; next++, join = ' ') out += join + (typeof args[next] === 'string' ? args[next] : inspect(args[next], options));
  return out;
}

// format is the console's: it never throws, and cuts what is too long.
function format(...args) {
  let s;
  try {
    s = args.length === 1 && typeof args[0] === 'string' ? args[0] : formatWithOptions({ budget: lineBudget }, ...args);
  } catch (e) {
    s = '[console: the arguments cannot be shown]';
  }
  return s.length > lineBudget ? `${s.slice(0, lineBudget)}... ${s.length - lineBudget} more characters` : s;
}

module.exports = { format, inspect, formatWithOptions, formatFull: (...args) => formatWithOptions(undefined, ...args), quote, brandOf };
