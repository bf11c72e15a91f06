// Writes locales.txt and zones.txt: what a Node with full ICU answers to probes of
// Intl, one locale a line. Run it in the folder above: node probe/locales.js
const fs = require('fs');
const LOCALES =
  'en-US en-GB en-CA en-AU en-IN en-NZ en-IE en-ZA es es-AR es-MX es-CO es-CL es-PE es-US de de-AT de-CH fr fr-CA fr-CH fr-BE it it-CH pt pt-PT nl nl-BE sv da nb fi pl cs sk hu ro bg el ru uk tr he ja ko zh zh-TW zh-HK id vi hr sl ca et lt lv'.split(
    ' ',
  );
const CUR =
  'USD EUR GBP JPY CNY INR KRW BRL CAD AUD NZD MXN CHF SEK NOK DKK PLN CZK HUF RON BGN RUB UAH TRY ILS ARS CLP COP PEN UYU ZAR SGD HKD TWD THB VND IDR PHP MYR AED SAR EGP NGN KES'.split(
    ' ',
  );
const D = new Date(Date.UTC(2021, 8, 5, 4, 7, 9));
const PM = new Date(Date.UTC(2021, 8, 5, 16, 7, 9));
const uniq = (a, b) => JSON.stringify(a) === JSON.stringify(b);
function names(loc) {
  const f = (o, t, d) =>
    new Intl.DateTimeFormat(loc, { timeZone: 'UTC', ...o }).formatToParts(d).find((p) => p.type === t)?.value;
  const mo = {},
    wd = {};
  for (const w of ['long', 'short', 'narrow']) {
    mo[w] = [...Array(12).keys()].map((m) =>
      f({ month: w, day: 'numeric' }, 'month', new Date(Date.UTC(2021, m, 5))),
    );
    const sa = [...Array(12).keys()].map((m) => f({ month: w }, 'month', new Date(Date.UTC(2021, m, 5))));
    if (!uniq(sa, mo[w])) mo[w + 'S'] = sa;
    wd[w] = [...Array(7).keys()].map((m) =>
      f({ weekday: w, day: 'numeric' }, 'weekday', new Date(Date.UTC(2021, 2, 7 + m))),
    );
    const ws = [...Array(7).keys()].map((m) =>
      f({ weekday: w }, 'weekday', new Date(Date.UTC(2021, 2, 7 + m))),
    );
    if (!uniq(ws, wd[w])) wd[w + 'S'] = ws;
  }
  return {
    mo,
    wd,
    er: ['long', 'short', 'narrow'].map((w) =>
      [-100, 2021].map((y) => f({ era: w, year: 'numeric' }, 'era', new Date(Date.UTC(y, 1, 1)))),
    ),
  };
}
const quote = (s) => (/[A-Za-z']/.test(s) ? "'" + s.replace(/'/g, "''") + "'" : s);
function pattern(loc, o, N, h12, d = D) {
  const parts = new Intl.DateTimeFormat(loc, { timeZone: 'UTC', ...o }).formatToParts(d);
  return parts
    .map(({ type, value }) => {
      switch (type) {
        case 'literal':
          return quote(value);
        case 'day':
          return value === '05' ? 'dd' : value === '5' ? 'd' : quote(value);
        case 'month':
          if (value === '9') return 'M';
          if (value === '09') return 'MM';
          for (const [k, c] of o.day || o.dateStyle
            ? [
                ['long', 'MMMM'],
                ['longS', 'LLLL'],
                ['short', 'MMM'],
                ['shortS', 'LLL'],
                ['narrow', 'MMMMM'],
                ['narrowS', 'LLLLL'],
              ]
            : [
                ['longS', 'LLLL'],
                ['long', 'MMMM'],
                ['shortS', 'LLL'],
                ['short', 'MMM'],
                ['narrowS', 'LLLLL'],
                ['narrow', 'MMMMM'],
              ])
            if (
              N.mo[k] &&
              N.mo[k][8] === value &&
              (o.month === undefined ||
                k.startsWith(o.month) ||
                o.month === '2-digit' ||
                o.month === 'numeric')
            )
              return c;
          for (const [k, c] of o.day || o.dateStyle
            ? [
                ['long', 'MMMM'],
                ['longS', 'LLLL'],
                ['short', 'MMM'],
                ['shortS', 'LLL'],
              ]
            : [
                ['longS', 'LLLL'],
                ['long', 'MMMM'],
                ['shortS', 'LLL'],
                ['short', 'MMM'],
              ])
            if (N.mo[k] && N.mo[k][8] === value) return c;
          console.error(loc, 'month?', value, JSON.stringify(o));
          return o.month === 'long' ? 'LLLL' : 'LLL';
        case 'year':
          return value === '21' ? 'yy' : 'y';
        case 'weekday':
          for (const [k, c] of [
            ['long', 'EEEE'],
            ['longS', 'cccc'],
            ['short', 'E'],
            ['shortS', 'c'],
            ['narrow', 'EEEEE'],
          ])
            if (N.wd[k] && N.wd[k][0] === value) return c;
          if (o.dateStyle) return 'EEEE';
          console.error(loc, 'wd?', value, JSON.stringify(o));
          return o.weekday === 'long' ? 'EEEE' : 'E';
        case 'era':
          return 'G';
        case 'hour': {
          const c = parts.some((p) => p.type === 'dayPeriod') || h12 ? 'h' : 'H';
          return value.length === 2 ? c + c : c;
        }
        case 'minute':
          return value.length === 1 ? 'm' : 'mm';
        case 'second':
          return value.length === 1 ? 's' : 'ss';
        case 'dayPeriod':
          return 'a';
        case 'timeZoneName':
          return 'z';
        default:
          console.error(loc, type, value);
          return quote(value);
      }
    })
    .join('');
}
function dates(loc, N) {
  const dp = {};
  for (const e of [0, 1])
    for (const y of [0, 1])
      for (const m of ['', 'numeric', 'short', 'long'])
        for (const d of [0, 1])
          for (const g of [0, 1]) {
            if (g && (e || !y)) continue;
            const o = {};
            let k = '';
            if (g) {
              o.era = 'short';
              k += 'G';
            }
            if (e) {
              o.weekday = m === 'long' || (!m && !y && !d) ? 'long' : 'short';
              k += 'E';
            }
            if (y) {
              o.year = 'numeric';
              k += 'y';
            }
            if (m) {
              o.month = m;
              k += { numeric: 'M', short: 'MMM', long: 'MMMM' }[m];
            }
            if (d) {
              o.day = 'numeric';
              k += 'd';
            }
            if (!k || k === 'G') continue;
            dp[k] = pattern(loc, o, N).replace(/E+/, 'E').replace(/c+/, 'c');
          }
  // 2-digit
  const tp = {};
  for (const h12 of [true, false])
    for (const [k, o] of [
      ['h', { hour: 'numeric' }],
      ['hm', { hour: 'numeric', minute: 'numeric' }],
      ['hms', { hour: 'numeric', minute: 'numeric', second: 'numeric' }],
      ['hmz', { hour: 'numeric', minute: 'numeric', timeZoneName: 'short' }],
      ['hmsz', { hour: 'numeric', minute: 'numeric', second: 'numeric', timeZoneName: 'short' }],
      ['hz', { hour: 'numeric', timeZoneName: 'short' }],
    ])
      tp[h12 ? k : k.replace('h', 'H')] = pattern(loc, { ...o, hour12: h12 }, N, h12);
  tp.ms = pattern(loc, { minute: 'numeric', second: 'numeric' }, N);
  const st = ['full', 'long', 'medium', 'short'];
  const ds = st.map((s) => pattern(loc, { dateStyle: s }, N));
  const ts = st.map((s) => pattern(loc, { timeStyle: s }, N));
  const hc = new Intl.DateTimeFormat(loc, { hour: 'numeric' }).resolvedOptions().hourCycle;
  const isT = (p) => ['hour', 'minute', 'second', 'dayPeriod', 'timeZoneName'].includes(p.type),
    isD = (p) => ['day', 'month', 'year', 'weekday', 'era'].includes(p.type);
  const conn = (o) => {
    const full = new Intl.DateTimeFormat(loc, { timeZone: 'UTC', ...o }).format(D);
    const { hour, minute, timeStyle, ...dd } = o;
    const ds = new Intl.DateTimeFormat(loc, { timeZone: 'UTC', ...dd }).format(D);
    const tt = {};
    for (const k of ['hour', 'minute', 'timeStyle']) if (o[k]) tt[k] = o[k];
    const ts = new Intl.DateTimeFormat(loc, { timeZone: 'UTC', ...tt }).format(D);
    const i = full.indexOf(ds);
    let r = i < 0 ? null : full.slice(0, i) + '{1}' + full.slice(i + ds.length);
    if (r !== null && r.includes(ts)) return r.replace(ts, '{0}');
    const ps = new Intl.DateTimeFormat(loc, { timeZone: 'UTC', ...o }).formatToParts(D);
    let ld = -1,
      ft = -1,
      lt = -1,
      fd = -1;
    ps.forEach((p, i) => {
      if (isD(p)) {
        ld = i;
        if (fd < 0) fd = i;
      }
      if (isT(p)) {
        lt = i;
        if (ft < 0) ft = i;
      }
    });
    const s =
      ft > ld
        ? '{1}' +
          ps
            .slice(ld + 1, ft)
            .map((p) => p.value)
            .join('') +
          '{0}'
        : '{0}' +
          ps
            .slice(lt + 1, fd)
            .map((p) => p.value)
            .join('') +
          '{1}';
    console.error(loc, 'conn', JSON.stringify(o), full, '|', ds, '|', ts, '=>', s);
    return s;
  };
  const cs = st.map((s) => conn({ dateStyle: s, timeStyle: 'short' }));
  const h = { hour: 'numeric', minute: 'numeric' };
  const cc = [
    conn({ weekday: 'long', year: 'numeric', month: 'long', day: 'numeric', ...h }),
    conn({ year: 'numeric', month: 'long', day: 'numeric', ...h }),
    conn({ year: 'numeric', month: 'short', day: 'numeric', ...h }),
    conn({ year: 'numeric', month: 'numeric', day: 'numeric', ...h }),
  ];
  const ap = [D, PM].map(
    (d) =>
      new Intl.DateTimeFormat(loc, { timeZone: 'UTC', hour: 'numeric', hour12: true })
        .formatToParts(d)
        .find((p) => p.type === 'dayPeriod').value,
  );
  return JSON.parse(JSON.stringify({ dp, tp, ds, ts, hc, cs, cc, ap }).replaceAll('\u202f', ' '));
}
function num(loc) {
  const parts = (o, v) => new Intl.NumberFormat(loc, o).formatToParts(v);
  const p = parts({ minimumFractionDigits: 1 }, -1234567.5);
  const get = (t) => p.find((x) => x.type === t)?.value;
  const ints = p.filter((x) => x.type === 'integer').map((x) => x.value.length);
  const aff = (o, v) =>
    parts(o, v)
      .map(
        (x) =>
          ({
            integer: 'n',
            decimal: '',
            fraction: '',
            group: '',
            minusSign: '-',
            percentSign: '%',
            currency: '¤',
            plusSign: '+',
          })[x.type] ?? x.value,
      )
      .join('')
      .replace(/n+/, 'n');
  const mg = parts({}, 1234).length > 1 ? 1 : parts({}, 12345).length > 1 ? 2 : 9;
  const cs = {},
    cn = {};
  for (const c of CUR) {
    const f = (d) =>
      parts({ style: 'currency', currency: c, currencyDisplay: d }, 1).find((x) => x.type === 'currency')
        .value;
    const a = f('symbol'),
      b = f('narrowSymbol');
    if (a !== c) cs[c] = a;
    if (b !== a) cn[c] = b;
  }
  const cpt = {};
  for (const disp of ['short', 'long'])
    cpt[disp] = [...Array(12).keys()]
      .map((i) => {
        const e = i + 3;
        return [2, 1].map((m) => {
          const ps = parts({ notation: 'compact', compactDisplay: disp }, m * 10 ** e);
          const n = ps
            .filter((x) => x.type === 'integer')
            .map((x) => x.value)
            .join('').length;
          let s = '';
          let seen = false;
          for (const x of ps) {
            if (x.type === 'integer') {
              if (!seen) s += 'n';
              seen = true;
            } else if (x.type === 'group') {
            } else s += x.value;
          }
          return n + s;
        });
      })
      .map(([a, b]) => (a === b ? a : a + '|' + b));
  const curs = (o) => [
    aff(
      { style: 'currency', currency: 'EUR', currencyDisplay: 'narrowSymbol', maximumFractionDigits: 0, ...o },
      5,
    ),
    aff(
      { style: 'currency', currency: 'EUR', currencyDisplay: 'narrowSymbol', maximumFractionDigits: 0, ...o },
      -5,
    ),
  ];
  return {
    d: get('decimal'),
    g: new Intl.NumberFormat(loc, { useGrouping: true })
      .formatToParts(1234567)
      .find((x) => x.type === 'group').value,
    mg,
    sg: ints[1] === 2 ? 2 : 3,
    m: get('minusSign'),
    pc: aff({ style: 'percent' }, 0.05),
    pcs: parts({ style: 'percent' }, 0.05).find((x) => x.type === 'percentSign').value,
    cu: curs({}),
    cuc: aff({ style: 'currency', currency: 'EUR', currencyDisplay: 'code', maximumFractionDigits: 0 }, 5),
    ca: curs({ currencySign: 'accounting' }),
    cs,
    cn,
    cp: cpt.short,
    cpl: cpt.long,
    nan: new Intl.NumberFormat(loc).format(NaN),
    mgc: new Intl.NumberFormat(loc, { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 })
      .formatToParts(1234)
      .some((x) => x.type === 'group')
      ? 1
      : 2,
  };
}
const out = [];
for (const l of LOCALES) {
  const N = names(l);
  out.push(
    l +
      '\t' +
      JSON.stringify({
        nu: num(l),
        ...N,
        ...dates(l, N),
        lf: ['conjunction', 'disjunction', 'unit'].map((type) =>
          ['long', 'short', 'narrow'].map((style) => {
            const f = new Intl.ListFormat(l, { type, style });
            const a = f
                .formatToParts(['A', 'B'])
                .filter((x) => x.type === 'literal')
                .map((x) => x.value),
              b = f
                .formatToParts(['A', 'B', 'C', 'D'])
                .filter((x) => x.type === 'literal')
                .map((x) => x.value);
            return [a[0] ?? '', b[0] ?? '', b[2] ?? ''];
          }),
        ),
      }),
  );
}
fs.writeFileSync('locales.txt', out.join('\n') + '\n');
console.log(out.length, fs.statSync('locales.txt').size);
// time zones
const zones = {};
for (const z of Intl.supportedValuesOf('timeZone').concat([
  'UTC',
  'Asia/Kolkata',
  'Europe/Kyiv',
  'Asia/Ho_Chi_Minh',
  'US/Eastern',
  'US/Pacific',
  'US/Central',
  'US/Mountain',
  'America/Argentina/Buenos_Aires',
  'GMT',
])) {
  const nm = (d, w) =>
    new Intl.DateTimeFormat('en-US', { timeZone: z, timeZoneName: w })
      .formatToParts(d)
      .find((p) => p.type === 'timeZoneName').value;
  const off = (d) => {
    const p = Object.fromEntries(
      new Intl.DateTimeFormat('en-US', {
        timeZone: z,
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
        hourCycle: 'h23',
      })
        .formatToParts(d)
        .map((x) => [x.type, x.value]),
    );
    return (Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - d) / 60000;
  };
  const a = new Date(Date.UTC(2024, 0, 15)),
    b = new Date(Date.UTC(2024, 6, 15));
  const [std, dst] = off(a) <= off(b) ? [a, b] : [b, a];
  const key = [
    nm(std, 'long'),
    off(a) !== off(b) ? nm(dst, 'long') : '',
    nm(std, 'longGeneric'),
    nm(std, 'short').startsWith('GMT+') || nm(std, 'short').startsWith('GMT-') ? '' : nm(std, 'short'),
    off(a) !== off(b) && !/^GMT[+-]/.test(nm(dst, 'short')) ? nm(dst, 'short') : '',
    /^GMT|Time$/.test(nm(std, 'shortGeneric')) ? '' : nm(std, 'shortGeneric'),
  ].join('|');
  (zones[key] ??= []).push(z);
}
fs.writeFileSync(
  'zones.txt',
  Object.entries(zones)
    .map(([k, v]) => k + '\t' + v.join(' '))
    .join('\n') + '\n',
);
console.log(Object.keys(zones).length, fs.statSync('zones.txt').size);
