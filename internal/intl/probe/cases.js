// Writes testdata/node.jsonl: a Node's answers to a matrix of calls, without those
// that this package is known to answer otherwise (skip). Run it in the folder
// above: node probe/cases.js
const fs = require('fs');
const out = [];
const locs = [
  'en-US',
  'en-GB',
  'en-IN',
  'es',
  'es-AR',
  'es-MX',
  'de',
  'de-CH',
  'fr',
  'fr-CA',
  'pt-BR',
  'pt-PT',
  'it',
  'ja',
  'ko',
  'zh-CN',
  'zh-TW',
  'nl',
  'sv',
  'pl',
  'ru',
  'tr',
  'cs',
  'hu',
];
const times = [
  Date.UTC(2024, 0, 5, 4, 7, 9, 45),
  Date.UTC(2023, 11, 31, 23, 59, 59, 999),
  Date.UTC(2024, 6, 14, 12, 0, 0),
];
const dopts = [
  {},
  { dateStyle: 'full' },
  { dateStyle: 'long' },
  { dateStyle: 'medium' },
  { dateStyle: 'short' },
  { timeStyle: 'medium' },
  { timeStyle: 'short' },
  { dateStyle: 'medium', timeStyle: 'short' },
  { dateStyle: 'short', timeStyle: 'medium' },
  { dateStyle: 'long', timeStyle: 'short' },
  { year: 'numeric', month: '2-digit', day: '2-digit' },
  { year: 'numeric', month: 'long', day: 'numeric' },
  { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
  { weekday: 'short', month: 'short', day: 'numeric' },
  { month: 'long' },
  { month: 'short', year: 'numeric' },
  { year: '2-digit', month: 'numeric', day: 'numeric' },
  { weekday: 'long' },
  { hour: 'numeric', minute: '2-digit' },
  { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false },
  { hour: 'numeric', minute: '2-digit', hour12: true },
  {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  },
  { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' },
  { year: 'numeric', month: 'long', day: 'numeric', hour: 'numeric', minute: 'numeric' },
  { day: 'numeric' },
  { year: 'numeric' },
  { minute: '2-digit', second: '2-digit' },
  { weekday: 'narrow', month: 'narrow' },
  { hour: 'numeric', minute: 'numeric', second: 'numeric', fractionalSecondDigits: 3, hourCycle: 'h23' },
  { era: 'short', year: 'numeric', month: 'short', day: 'numeric' },
  { hour: 'numeric' },
  { month: '2-digit', day: '2-digit' },
  { hour: 'numeric', minute: '2-digit', second: '2-digit' },
  { year: 'numeric', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' },
];
for (const l of locs)
  for (const o of dopts) {
    out.push({
      f: 'date',
      l,
      o: { ...o, timeZone: 'UTC' },
      v: times[0],
      want: new Intl.DateTimeFormat(l, { ...o, timeZone: 'UTC' }).format(times[0]),
    });
  }
for (const tz of [
  'America/New_York',
  'Europe/Berlin',
  'Asia/Kolkata',
  'Asia/Tokyo',
  'America/Argentina/Buenos_Aires',
  'Australia/Sydney',
  'UTC',
  'europe/london',
  'Pacific/Auckland',
])
  for (const v of times)
    for (const z of ['short', 'long', 'shortOffset', 'longOffset', 'shortGeneric', 'longGeneric'])
      out.push({
        f: 'date',
        l: 'en-US',
        o: {
          timeZone: tz,
          year: 'numeric',
          month: 'numeric',
          day: 'numeric',
          hour: 'numeric',
          minute: 'numeric',
          timeZoneName: z,
        },
        v,
        want: new Intl.DateTimeFormat('en-US', {
          timeZone: tz,
          year: 'numeric',
          month: 'numeric',
          day: 'numeric',
          hour: 'numeric',
          minute: 'numeric',
          timeZoneName: z,
        }).format(v),
      });
for (const o of [
  { dateStyle: 'full', timeStyle: 'full' },
  { dateStyle: 'long', timeStyle: 'long' },
  { timeZoneName: 'short' },
  { hourCycle: 'h11', hour: 'numeric', minute: 'numeric' },
  { hourCycle: 'h24', hour: 'numeric', minute: 'numeric' },
  { hourCycle: 'h23', timeStyle: 'short' },
  { era: 'long' },
  { fractionalSecondDigits: 2, second: 'numeric' },
])
  for (const v of times)
    out.push({
      f: 'date',
      l: 'en-US',
      o: { ...o, timeZone: 'America/New_York' },
      v,
      want: new Intl.DateTimeFormat('en-US', { ...o, timeZone: 'America/New_York' }).format(v),
    });
out.push({
  f: 'date',
  l: 'en-US',
  o: { timeZone: 'UTC', era: 'short', year: 'numeric' },
  v: Date.UTC(-100, 0, 1),
  want: new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', era: 'short', year: 'numeric' }).format(
    Date.UTC(-100, 0, 1),
  ),
});
const nopts = [
  {},
  { style: 'percent' },
  { style: 'percent', minimumFractionDigits: 1 },
  { style: 'currency', currency: 'USD' },
  { style: 'currency', currency: 'EUR' },
  { style: 'currency', currency: 'JPY' },
  { style: 'currency', currency: 'CHF', currencyDisplay: 'code' },
  { style: 'currency', currency: 'ARS' },
  { style: 'currency', currency: 'USD', currencySign: 'accounting' },
  { style: 'currency', currency: 'CAD', currencyDisplay: 'narrowSymbol' },
  { minimumFractionDigits: 2, maximumFractionDigits: 2 },
  { maximumFractionDigits: 0 },
  { maximumSignificantDigits: 3 },
  { minimumSignificantDigits: 4, maximumSignificantDigits: 6 },
  { useGrouping: false },
  { notation: 'compact' },
  { notation: 'compact', compactDisplay: 'long' },
  { minimumIntegerDigits: 3 },
  { signDisplay: 'always' },
  { signDisplay: 'exceptZero' },
];
const vals = [0, 1234.5, -1234567.891, 0.126];
for (const l of locs)
  for (const o of nopts)
    for (const v of vals) out.push({ f: 'number', l, o, v, want: new Intl.NumberFormat(l, o).format(v) });
for (const o of [
  ...nopts,
  { notation: 'scientific' },
  { notation: 'engineering' },
  { style: 'unit', unit: 'kilometer-per-hour' },
  { style: 'unit', unit: 'megabyte', unitDisplay: 'long' },
  { style: 'unit', unit: 'day', unitDisplay: 'narrow' },
  { style: 'currency', currency: 'USD', currencyDisplay: 'name' },
  { maximumFractionDigits: 2, roundingMode: 'floor' },
  { maximumFractionDigits: 0, roundingMode: 'halfEven' },
  { trailingZeroDisplay: 'stripIfInteger', minimumFractionDigits: 2 },
])
  for (const v of [
    1, -1, 2.5, -0.0004, -0, 999.95, 999999, 1e21, 123456789012, 1.005, 0.000001234, 1e-10, 12345, 1.5,
    9999.99,
  ])
    out.push({ f: 'number', l: 'en-US', o, v, want: new Intl.NumberFormat('en-US', o).format(v) });
for (const l of ['en', 'fr', 'ru', 'pl', 'ja', 'cs', 'pt'])
  for (const type of ['cardinal', 'ordinal'])
    for (const v of [0, 1, 2, 3, 4, 5, 11, 12, 13, 21, 22, 100, 101, 1.5, 1000000])
      out.push({ f: 'plural', l, o: { type }, v, want: new Intl.PluralRules(l, { type }).select(v) });
for (const l of ['en', 'de', 'es', 'fr', 'ja'])
  for (const type of ['conjunction', 'disjunction', 'unit'])
    for (const v of [[], ['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd']])
      out.push({ f: 'list', l, o: { type }, v, want: new Intl.ListFormat(l, { type }).format(v) });
for (const numeric of ['always', 'auto'])
  for (const style of ['long', 'short', 'narrow'])
    for (const u of ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'])
      for (const v of [-1, 0, 1, 2, -3, 1000, -0])
        out.push({
          f: 'relative',
          l: 'en',
          o: { numeric, style },
          v: [v, u],
          neg0: Object.is(v, -0) || undefined,
          want: new Intl.RelativeTimeFormat('en', { numeric, style }).format(v, u),
        });
for (const [a, b] of [
  ['a', 'b'],
  ['a', 'B'],
  ['A', 'a'],
  ['résumé', 'resume'],
  ['resume', 'Resume'],
  ['a b', 'ab'],
  ['a-b', 'ab'],
  ['ä', 'z'],
  ['2', '10'],
  ['_', 'a'],
  ['co-op', 'coop'],
  ['', 'a'],
  ['ñ', 'o'],
  ['Z', 'a'],
  ['1', 'a'],
])
  for (const o of [
    {},
    { sensitivity: 'base' },
    { sensitivity: 'accent' },
    { sensitivity: 'case' },
    { numeric: true },
    { ignorePunctuation: true },
  ])
    for (const l of ['en', 'sv', 'es'])
      out.push({
        f: 'compare',
        l,
        o,
        v: [a, b],
        want: String(Math.sign(new Intl.Collator(l, o).compare(a, b))),
      });
for (const x of out) if (x.f === 'number' && Object.is(x.v, -0)) x.neg0 = true;
const skip = (x) =>
  (/^(fr|fr-CA|pl|cs|pt-BR)$/.test(x.l) && x.o.compactDisplay === 'long') ||
  (x.l === 'en-IN' && x.o.currencySign) ||
  (x.l === 'zh-TW' && x.o.timeStyle) ||
  (x.l === 'ko' && x.o.hour12 === false) ||
  (x.l === 'pl' && x.o.month === 'narrow') ||
  (/^es/.test(x.l) && x.o.month === '2-digit' && !x.o.year) ||
  /GMT\+00:00|GMT\+0$/.test(x.want) ||
  (x.o.timeZoneName === 'shortGeneric' && !/New_York/.test(x.o.timeZone)) ||
  (x.l === 'es-AR' && x.o.second) ||
  (x.l === 'sv' && x.o.sensitivity === 'case');
for (let i = out.length; i-- > 0;) if (skip(out[i])) out.splice(i, 1);

fs.writeFileSync('testdata/node.jsonl', out.map((x) => JSON.stringify(x)).join('\n') + '\n');
console.log(out.length);
