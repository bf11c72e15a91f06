'use strict';
module.exports = function urlJoin(...parts) {
  const list = parts.length === 1 && Array.isArray(parts[0]) ? parts[0].slice() : parts;
  if (list.length === 0) return '';
  if (typeof list[0] !== 'string') throw new TypeError('Url must be a string. Received ' + list[0]);
  if (/^[^/:]+:\/*$/.test(list[0]) && list.length > 1) list[0] = list.shift() + list[0];
  list[0] = /^file:\/\/\//.test(list[0]) ? list[0].replace(/^([^/:]+):\/*/, '$1:///') : list[0].replace(/^([^/:]+):\/*/, '$1://');
  const out = [];
  list.forEach((p, i) => {
    if (typeof p !== 'string') throw new TypeError('Url must be a string. Received ' + p);
    if (p === '') return;
    if (i > 0) p = p.replace(/^\/+/, '');
    p = i < list.length - 1 ? p.replace(/\/+$/, '') : p.replace(/\/+$/, '/');
    out.push(p);
  });
  const [head, ...queries] = out.join('/').replace(/\/(\?|&|#[^!])/g, '$1').split('?');
  return head + (queries.length > 0 ? '?' : '') + queries.join('&');
};
