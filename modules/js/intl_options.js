// Reading the arguments of Intl and of toLocale* methods into plain data.
'use strict';
exports.locales = (v) => {
  if (v === undefined) return [];
  if (typeof v === 'string') return [v];
  if (v === null) throw new TypeError('Cannot convert undefined or null to object');
  if (typeof v === 'object' && exports.tags.has(v)) return [exports.tags.get(v)];
  const out = [], o = Object(v), n = Math.min(Number(o.length) || 0, 1000);
  for (let i = 0; i < n; i++) {
    if (!(i in o)) continue;
    const tag = o[i];
    if (typeof tag !== 'string' && (typeof tag !== 'object' || tag === null)) throw new TypeError('Incorrect locale information provided');
    out.push(exports.tags.has(tag) ? exports.tags.get(tag) : String(tag));
  }
  return out;
};
// tags holds the text of each Intl.Locale.
exports.tags = new WeakMap();

exports.options = (o, names) => {
  const out = {};
  if (o === undefined) return out;
  if (o === null) throw new TypeError('Cannot convert undefined or null to object');
  for (const k of names) {
    const v = o[k];
    if (v !== undefined) out[k] = typeof v === 'boolean' || typeof v === 'number' ? v : String(v);
  }
  return out;
};

const digits = ['minimumIntegerDigits', 'minimumFractionDigits', 'maximumFractionDigits', 'minimumSignificantDigits', 'maximumSignificantDigits', 'roundingMode', 'trailingZeroDisplay'];
exports.number = ['localeMatcher', 'style', 'currency', 'currencyDisplay', 'currencySign', 'unit', 'unitDisplay', 'notation', 'compactDisplay', 'useGrouping', 'signDisplay', ...digits];
exports.date = ['localeMatcher', 'formatMatcher', 'hour12', 'hourCycle', 'timeZone', 'weekday', 'era', 'year', 'month', 'day', 'dayPeriod', 'hour', 'minute', 'second', 'fractionalSecondDigits', 'timeZoneName', 'dateStyle', 'timeStyle'];
exports.plural = ['type', ...digits];
exports.collator = ['usage', 'sensitivity', 'ignorePunctuation', 'numeric', 'caseFirst'];
exports.numeric = (v) => typeof v === 'bigint' ? v : typeof v === 'string' ? v.trim() : Number(v);
