// toLocale* methods and localeCompare with locales and options.
'use strict';
const opt = require('internal/intl_options');
const define = (o, methods) => {
  for (const k of Object.keys(methods)) Object.defineProperty(o, k, { value: methods[k], writable: true, configurable: true, enumerable: false });
};
const numberOf = Number.prototype.valueOf, bigOf = BigInt.prototype.valueOf, timeOf = Date.prototype.getTime;
const date = (required, defaults) => function (l, o) {
  const t = timeOf.call(this);
  if (t !== t) return 'Invalid Date';
  return native.date(opt.locales(l), opt.options(o, opt.date), required, defaults, t);
};
const method = (name, f) => Object.defineProperty(f, 'name', { value: name, configurable: true });
define(Number.prototype, {
  toLocaleString(locales, options) { return native.number(opt.locales(locales), opt.options(options, opt.number), numberOf.call(this)); },
});
define(BigInt.prototype, {
  toLocaleString(locales, options) { return native.number(opt.locales(locales), opt.options(options, opt.number), bigOf.call(this)); },
});
define(Date.prototype, {
  toLocaleString: method('toLocaleString', date('any', 'all')),
  toLocaleDateString: method('toLocaleDateString', date('date', 'date')),
  toLocaleTimeString: method('toLocaleTimeString', date('time', 'time')),
});
define(Array.prototype, {
  toLocaleString(locales, options) {
    const parts = [];
    for (let i = 0; i < this.length; i++) {
      const v = this[i];
      parts.push(v === null || v === undefined ? '' : String(v.toLocaleString(locales, options)));
    }
    return parts.join(',');
  },
});
const plainCompare = String.prototype.localeCompare;
const text = (v, name) => {
  if (v === null || v === undefined) throw new TypeError(`String.prototype.${name} called on null or undefined`);
  return String(v);
};
const turkish = (locales) => {
  const l = opt.locales(locales);
  return l.length > 0 && /^(tr|az)(-|$)/i.test(native.canonical(l)[0]);
};
const { toLowerCase, toUpperCase } = String.prototype;
define(String.prototype, {
  localeCompare(that, locales, options) {
    const s = text(this, 'localeCompare'), t = String(that);
    if (locales === undefined && options === undefined) return plainCompare.call(s, t);
    return native.compare(opt.locales(locales), opt.options(options, opt.collator), s, t);
  },
  toLocaleLowerCase(locales) {
    const s = text(this, 'toLocaleLowerCase');
    return turkish(locales) ? native.turkish(s, false) : toLowerCase.call(s);
  },
  toLocaleUpperCase(locales) {
    const s = text(this, 'toLocaleUpperCase');
    return turkish(locales) ? native.turkish(s, true) : toUpperCase.call(s);
  },
});
