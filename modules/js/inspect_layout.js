// Where util.inspect breaks the text of an object into lines.
'use strict';

// Characters that take two columns, roughly: what terminals draw wide.
const width = (s) => {
  if (/^[\x20-\x7e]*$/.test(s)) return s.length;
  let n = 0;
  for (const c of s) {
    const p = c.codePointAt(0);
    if (p < 0x20 || p >= 0x7f && p < 0xa0 || p >= 0x300 && p < 0x370 || p >= 0x200b && p <= 0x200f || p >= 0xfe00 && p <= 0xfe0f) continue;
    n += p >= 0x1100 && (p <= 0x115f || p >= 0x2e80 && p <= 0xa4cf && p !== 0x303f || p >= 0xac00 && p <= 0xd7a3 || p >= 0xf900 && p <= 0xfaff ||
      p >= 0xfe30 && p <= 0xfe6f || p >= 0xff00 && p <= 0xff60 || p >= 0xffe0 && p <= 0xffe6 || p >= 0x1f300 && p <= 0x1f9ff || p >= 0x20000 && p <= 0x3fffd) ? 2 : 1;
  }
  return n;
};

// columns lays the items of a long list out in columns.
function columns(ctx, out, v) {
  let total = 0, max = 0;
  const n = ctx.maxArrayLength !== null && ctx.maxArrayLength < out.length ? out.length - 1 : out.length;
  const lengths = [];
  for (let i = 0; i < n; i++) {
    lengths[i] = width(out[i]);
    total += lengths[i] + 2;
    if (lengths[i] > max) max = lengths[i];
  }
  const actual = max + 2;
  if (!(actual * 3 + ctx.indent < ctx.breakLength && (total / actual > 5 || max <= 6))) return out;
  const bias = Math.max(actual - 3 - Math.sqrt(actual - total / out.length), 1);
  const count = Math.min(Math.round(Math.sqrt(2.5 * bias * n) / bias), Math.floor((ctx.breakLength - ctx.indent) / actual), ctx.compact * 4, 15);
  if (count <= 1) return out;
  const widths = [];
  for (let i = 0; i < count; i++) {
    let w = 0;
    for (let j = i; j < out.length; j += count) if (lengths[j] > w) w = lengths[j];
    widths.push(w + 2);
  }
  let start = true;
  if (v !== undefined) for (let i = 0; i < out.length && start; i++) start = typeof v[i] === 'number' || typeof v[i] === 'bigint';
  const lines = [];
  for (let i = 0; i < n; i += count) {
    const end = Math.min(i + count, n);
    let line = '', j = i;
    for (; j < end - 1; j++) {
      const pad = widths[j - i] + out[j].length - lengths[j];
      line += start ? `${out[j]}, `.padStart(pad) : `${out[j]}, `.padEnd(pad);
    }
    line += start ? out[j].padStart(widths[j - i] + out[j].length - lengths[j] - 2) : out[j];
    lines.push(line);
  }
  if (n < out.length) lines.push(out[n]);
  return lines;
}

// layout puts the members of one object on a line, in columns, or on a line each.
function layout(ctx, out, base, braces, list, level, v) {
  const lead = base ? `${base} ` : '';
  if (ctx.compact !== true) {
    if (typeof ctx.compact === 'number' && ctx.compact >= 1) {
      const n = out.length;
      if (list && n > 6) out = columns(ctx, out, v);
      if (ctx.level - level < ctx.compact && n === out.length) {
        const start = out.length + ctx.indent + braces[0].length + base.length + 10;
        if (fits(ctx, out, start, base)) {
          const joined = out.join(', ');
          if (!joined.includes('\n')) return `${lead}${braces[0]} ${joined} ${braces[1]}`;
        }
      }
    }
    const nl = `\n${' '.repeat(ctx.indent)}`;
    return `${lead}${braces[0]}${nl}  ${out.join(`,${nl}  `)}${nl}${braces[1]}`;
  }
  if (fits(ctx, out, 0, base)) return `${braces[0]}${base ? ` ${base}` : ''} ${out.join(', ')} ${braces[1]}`;
  const nl = `\n${' '.repeat(ctx.indent)}`;
  const ln = base === '' && braces[0].length === 1 ? ' ' : `${base ? ` ${base}` : ''}${nl}  `;
  return `${braces[0]}${ln}${out.join(`,${nl}  `)} ${braces[1]}`;
}
const fits = (ctx, out, start, base) => {
  let n = out.length + start;
  if (n + out.length > ctx.breakLength) return false;
  for (let i = 0; i < out.length; i++) {
    n += out[i].length;
    if (n > ctx.breakLength) return false;
  }
  return base === '' || !base.includes('\n');
};

module.exports = { layout, width };
