'use strict';
const fail = (kind) => { throw new RangeError({ overflow: 'Overflow: input needs wider integers to process', 'not-basic': 'Illegal input >= 0x80 (not a basic code point)', 'invalid-input': 'Invalid input' }[kind]); };
const decode = (s) => {
  const r = native.decode(`${s}`);
  if (r === undefined) fail(/[^\0-\x7f]/.test(s) ? 'not-basic' : 'invalid-input');
  return r;
};
const encode = (s) => {
  const r = native.encode(`${s}`);
  if (r === undefined) fail('overflow');
  return r;
};
// labels applies f to each label of a domain, the part before an @ apart.
const labels = (domain, f) => {
  const at = domain.indexOf('@');
  const [head, tail] = at < 0 ? ['', domain] : [domain.slice(0, at + 1), domain.slice(at + 1)];
  return head + tail.replace(/[\u3002\uff0e\uff61]/g, '.').split('.').map(f).join('.');
};
module.exports = {
  version: '2.1.0', decode, encode,
  ucs2: { decode: (s) => Array.from(s, (c) => c.codePointAt(0)), encode: (list) => String.fromCodePoint(...list) },
  toASCII: (s) => labels(s, (l) => /[^\0-\x7f]/.test(l) ? `xn--${encode(l)}` : l),
  toUnicode: (s) => labels(s, (l) => /^xn--/.test(l) ? decode(l.slice(4).toLowerCase()) : l),
};
