// Writes tables.go for the scripts named in probe/scripts.txt (the keys of Go's
// unicode.Scripts). Run it in the folder above: node probe/tables.js && gofmt -w tables.go
const fs = require('fs');
function set(re) {
  const out = [];
  let lo = -1;
  for (let c = 0; c <= 0x110000; c++) {
    const m = c <= 0x10ffff && re.test(String.fromCodePoint(c));
    if (m && lo < 0) lo = c;
    if (!m && lo >= 0) {
      out.push([lo, c - 1]);
      lo = -1;
    }
  }
  return out;
}
const fmt = (r) =>
  r.map(([a, b]) => (a === b ? a.toString(16) : a.toString(16) + '-' + b.toString(16))).join(' ');
function wrap(s) {
  const words = s.split(' ');
  const lines = [];
  let cur = '';
  for (const w of words) {
    if ((cur + ' ' + w).length > 90) {
      lines.push(cur);
      cur = w;
    } else cur = cur ? cur + ' ' + w : w;
  }
  lines.push(cur);
  return lines.map((l, i) => '"' + l + (i < lines.length - 1 ? ' ' : '') + '"').join(' +\n\t\t');
}
let o =
  'package ucd\n\n// The tables below are facts of the Unicode Character Database that the Go\n// standard library has no tables for. Sets are code points and ranges in\n// hexadecimal. They were read off an ICU of Unicode ' +
  process.versions.unicode +
  '.\n\n// binaryTables are binary properties.\nvar binaryTables = map[string]string{\n';
for (const p of [
  'Emoji',
  'Emoji_Presentation',
  'Emoji_Modifier',
  'Emoji_Modifier_Base',
  'Emoji_Component',
  'Extended_Pictographic',
  'Bidi_Mirrored',
])
  o += '\t"' + p + '": ' + wrap(fmt(set(new RegExp('\\p{' + p + '}', 'u')))) + ',\n';
o +=
  '}\n\n// extensionTables are what Script_Extensions has beyond Script. For Common and\n// Inherited it is what Script_Extensions has not, although Script has.\nvar extensionTables = map[string]string{\n';
const scripts = fs.readFileSync('probe/scripts.txt', 'utf8').trim().split('\n');
for (const s of scripts) {
  let a, b;
  try {
    a = new RegExp('\\p{Script=' + s + '}', 'u');
    b = new RegExp('\\p{Script_Extensions=' + s + '}', 'u');
  } catch (e) {
    console.error('no', s);
    continue;
  }
  const inv = s === 'Common' || s === 'Inherited';
  const out = [];
  let lo = -1;
  for (let c = 0; c <= 0x110000; c++) {
    let m = false;
    if (c <= 0x10ffff) {
      const ch = String.fromCodePoint(c);
      m = inv ? a.test(ch) && !b.test(ch) : b.test(ch) && !a.test(ch);
    }
    if (m && lo < 0) lo = c;
    if (!m && lo >= 0) {
      out.push([lo, c - 1]);
      lo = -1;
    }
  }
  if (out.length) o += '\t"' + s + '": ' + wrap(fmt(out)) + ',\n';
}
o += '}\n';
fs.writeFileSync('tables.go', o);
console.log(o.length);
