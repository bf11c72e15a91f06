// Intl over natives that take locales and options with every call.
'use strict';
const opt = require('internal/intl_options');
const state = new WeakMap();

// construct makes a constructor. init(locales, options) returns the object's
// state and throws for bad arguments; bare says that it may be called without new.
function construct(name, bare, init, methods) {
  const C = { [name]: function (locales, options) {
    const made = this instanceof C; // new.target was seen set in a plain call, within liquidjs' constructor
    if (!made && !bare) throw new TypeError(`Constructor Intl.${name} requires 'new'`);
    const self = made ? this : Object.create(C.prototype);
    state.set(self, init(opt.locales(locales), options));
    return self;
  } }[name];
  Object.defineProperty(C, 'length', { value: 0, configurable: true });
  Object.defineProperty(C, 'prototype', { writable: false });
  for (const k of Object.keys(methods)) hidden(C.prototype, k, methods[k]);
  Object.defineProperty(C.prototype, Symbol.toStringTag, { value: 'Intl.' + name, configurable: true });
  hidden(C, 'supportedLocalesOf', { supportedLocalesOf(locales) { return native.supported(opt.locales(locales)); } }.supportedLocalesOf);
  hidden(Intl, name, C);
  return C;
}
function hidden(o, k, value) {
  Object.defineProperty(o, k, { value, writable: true, configurable: true, enumerable: false });
}
function own(self, name) {
  const s = self !== null && typeof self === 'object' ? state.get(self) : undefined;
  if (s === undefined) throw new TypeError(`Method Intl.${name} called on incompatible receiver`);
  return s;
}
// bound defines a getter whose function works without its object.
function bound(C, key, make) {
  Object.defineProperty(C.prototype, key, { configurable: true, enumerable: false, get() {
    const s = own(this, key);
    return s[key] || (s[key] = make(s));
  } });
}

const Intl = {};
Object.defineProperty(Intl, Symbol.toStringTag, { value: 'Intl', configurable: true });
hidden(Intl, 'getCanonicalLocales', function getCanonicalLocales(locales) { return native.canonical(opt.locales(locales)); });
hidden(Intl, 'supportedValuesOf', function supportedValuesOf(key) {
  const known = { calendar: ['gregory'], numberingSystem: ['latn'], collation: ['default'] };
  if (!Object.prototype.hasOwnProperty.call(known, String(key))) throw new RangeError('Invalid key : ' + key);
  return known[key];
});

const NumberFormat = construct('NumberFormat', true, (l, options) => {
  const o = opt.options(options, opt.number);
  native.numberResolved(l, o);
  return { l, o };
}, {
  formatToParts(v) { const s = own(this, 'NumberFormat'); return native.numberParts(s.l, s.o, opt.numeric(v)); },
  formatRange(a, b) {
    const f = own(this, 'NumberFormat'), x = native.number(f.l, f.o, opt.numeric(a)), y = native.number(f.l, f.o, opt.numeric(b));
    return x === y ? '~' + x : x + '–' + y;
  },
  resolvedOptions() { const s = own(this, 'NumberFormat'); return native.numberResolved(s.l, s.o); },
});
bound(NumberFormat, 'format', (s) => (v) => native.number(s.l, s.o, opt.numeric(v)));

const time = (d) => {
  const t = d === undefined ? Date.now() : Number(d);
  if (t !== t) throw new RangeError('Invalid time value');
  return Math.trunc(t);
};
const DateTimeFormat = construct('DateTimeFormat', true, (l, options) => {
  const o = opt.options(options, opt.date);
  native.dateResolved(l, o, 'any', 'date');
  return { l, o };
}, {
  formatToParts(d) { const s = own(this, 'DateTimeFormat'); return native.dateParts(s.l, s.o, 'any', 'date', time(d)); },
  formatRange(a, b) {
    const s = own(this, 'DateTimeFormat');
    if (a === undefined || b === undefined) throw new TypeError('startDate or endDate cannot be undefined');
    return native.dateRange(s.l, s.o, 'any', 'date', time(a), time(b));
  },
  resolvedOptions() { const s = own(this, 'DateTimeFormat'); return native.dateResolved(s.l, s.o, 'any', 'date'); },
});
bound(DateTimeFormat, 'format', (s) => (d) => native.date(s.l, s.o, 'any', 'date', time(d)));

construct('PluralRules', false, (l, options) => {
  const o = opt.options(options, opt.plural);
  native.plural(l, o, 0);
  return { l, o };
}, {
  select(n) { const s = own(this, 'PluralRules'); return native.plural(s.l, s.o, Number(n)); },
  resolvedOptions() { const s = own(this, 'PluralRules'); return native.pluralResolved(s.l, s.o); },
});

const Collator = construct('Collator', true, (l, options) => {
  const o = opt.options(options, opt.collator);
  native.collatorResolved(l, o);
  return { l, o };
}, {
  resolvedOptions() { const s = own(this, 'Collator'); return native.collatorResolved(s.l, s.o); },
});
bound(Collator, 'compare', (s) => (a, b) => native.compare(s.l, s.o, String(a), String(b)));

const items = (list) => {
  if (list === undefined) return [];
  const out = [];
  for (const v of list) {
    if (typeof v !== 'string') throw new TypeError('Iterable yielded a non-string value');
    out.push(v);
  }
  return out;
};
construct('ListFormat', false, (l, options) => {
  const o = opt.options(options, ['type', 'style']);
  native.list(l, o, []);
  return { l, o };
}, {
  format(list) { const s = own(this, 'ListFormat'); return native.list(s.l, s.o, items(list)).parts.map((p) => p.value).join(''); },
  formatToParts(list) { const s = own(this, 'ListFormat'); return native.list(s.l, s.o, items(list)).parts; },
  resolvedOptions() { const s = own(this, 'ListFormat'), { locale, type, style } = native.list(s.l, s.o, []); return { locale, type, style }; },
});

construct('RelativeTimeFormat', false, (l, options) => {
  const o = opt.options(options, ['style', 'numeric']);
  native.relativeResolved(l, o);
  return { l, o };
}, {
  format(v, unit) { const s = own(this, 'RelativeTimeFormat'); return native.relative(s.l, s.o, Number(v), String(unit)).map((p) => p.value).join(''); },
  formatToParts(v, unit) { const s = own(this, 'RelativeTimeFormat'); return native.relative(s.l, s.o, Number(v), String(unit)); },
  resolvedOptions() { const s = own(this, 'RelativeTimeFormat'); return native.relativeResolved(s.l, s.o); },
});

class Locale {
  constructor(tag, options) {
    if (typeof tag !== 'string' && (typeof tag !== 'object' || tag === null)) throw new TypeError('First argument to Intl.Locale constructor can\'t be empty or missing');
    let [text] = native.canonical(opt.locales(tag));
    const o = opt.options(options, ['language', 'script', 'region']);
    if (Object.keys(o).length) {
      const p = parse(text);
      text = native.canonical([[o.language || p.language, o.script || p.script, o.region || p.region].filter(Boolean).join('-') + p.rest])[0];
    }
    opt.tags.set(this, text);
  }
  get baseName() { const p = parse(opt.tags.get(this)); return [p.language, p.script, p.region].filter(Boolean).join('-'); }
  get language() { return parse(opt.tags.get(this)).language; }
  get script() { return parse(opt.tags.get(this)).script; }
  get region() { return parse(opt.tags.get(this)).region; }
  toString() { return opt.tags.get(this); }
  get [Symbol.toStringTag]() { return 'Intl.Locale'; }
}
function parse(tag) {
  const m = /^([a-z]{2,8})(?:-([A-Z][a-z]{3}))?(?:-([A-Z]{2}|\d{3}))?(.*)$/.exec(tag) || [];
  return { language: m[1], script: m[2], region: m[3], rest: m[4] || '' };
}
hidden(Intl, 'Locale', Locale);

module.exports = Intl;
