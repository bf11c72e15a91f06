'use strict';
const invalidType = (...args) => require('internal/errors').invalidType(...args);
const check = (v, name) => { if (typeof v !== 'string') throw invalidType(name, 'of type string', v); };

// fold takes `.` and `..` out of the segments between separators.
function fold(path, above, sep, isSep) {
  const out = [];
  let part = '';
  for (let i = 0; i <= path.length; i++) {
    if (i < path.length && !isSep(path[i])) { part += path[i]; continue; }
    if (part === '..') {
      if (out.length && out[out.length - 1] !== '..') out.pop();
      else if (above) out.push('..');
    } else if (part !== '' && part !== '.') {
      out.push(part);
    }
    part = '';
  }
  return out.join(sep);
}
const ext = (base) => {
  const i = base.lastIndexOf('.');
  return i <= 0 || base === '..' ? '' : base.slice(i);
};
const formatWith = (sep) => (o) => {
  if (o === null || typeof o !== 'object') throw invalidType('pathObject', 'of type object', o);
  const dir = o.dir || o.root;
  const base = o.base || `${o.name || ''}${o.ext ? o.ext[0] === '.' ? o.ext : `.${o.ext}` : ''}`;
  return !dir ? base : dir === o.root ? `${dir}${base}` : `${dir}${sep}${base}`;
};
const matches = () => { throw require('internal/errors').make(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'path.matchesGlob is not available here'); };

function make(sep, delimiter, isSep, rootOf) {
  const strip = (p, root) => {
    let end = p.length;
    while (end > root.length && isSep(p[end - 1])) end--;
    return p.slice(root.length, end);
  };
  const lastSep = (p) => {
    let i = p.length - 1;
    while (i >= 0 && !isSep(p[i])) i--;
    return i;
  };
  const lib = {
    sep, delimiter, matchesGlob: matches,
    normalize(p) {
      check(p, 'path');
      if (p === '') return '.';
      const root = rootOf(p), abs = lib.isAbsolute(p), rest = p.slice(root.length);
      let out = fold(rest, !abs, sep, isSep);
      if (out === '' && !abs) out = '.';
      if (out !== '' && isSep(p[p.length - 1]) && rest !== '') out += sep;
      if (out === `.${sep}` && rest === '') out = '.';
      return root.replace(/\//g, sep) + out;
    },
    isAbsolute(p) {
      check(p, 'path');
      const root = rootOf(p);
      return root !== '' && isSep(root[root.length - 1]);
    },
    join(...parts) {
      for (const p of parts) check(p, 'path');
      const all = parts.filter((p) => p !== '').join(sep);
      return all === '' ? '.' : lib.normalize(all);
    },
    resolve(...parts) {
      let path = '', abs = false;
      for (let i = parts.length - 1; i >= 0 && !abs; i--) {
        check(parts[i], `paths[${i}]`);
        if (parts[i] === '') continue;
        path = path === '' ? parts[i] : `${parts[i]}${sep}${path}`;
        abs = lib.isAbsolute(parts[i]);
      }
      // The working directory is the root: there are no others.
      if (!abs) path = `${sep === '/' ? '/' : 'C:\\'}${path}`;
      const root = rootOf(path);
      return root.replace(/\//g, sep) + fold(path.slice(root.length), false, sep, isSep);
    },
    relative(from, to) {
      check(from, 'from');
      check(to, 'to');
      const norm = (p) => sep === '/' ? p : p.toLowerCase();
      const a = lib.resolve(from), b = lib.resolve(to);
      if (norm(a) === norm(b)) return '';
      const pa = a.split(sep).filter(Boolean), pb = b.split(sep).filter(Boolean);
      let i = 0;
      while (i < pa.length && i < pb.length && norm(pa[i]) === norm(pb[i])) i++;
      if (sep !== '/' && i === 0) return b;
      return [...pa.slice(i).map(() => '..'), ...pb.slice(i)].join(sep);
    },
    toNamespacedPath: (p) => p,
    dirname(p) {
      check(p, 'path');
      if (sep === '/' && /^\/\/[^/]+\/*$/.test(p)) return '//'; // as POSIX allows
      const root = rootOf(p), rest = strip(p, root), i = lastSep(rest);
      if (i < 0) return root || '.';
      let end = i;
      while (end > 0 && isSep(rest[end - 1])) end--;
      return end === 0 && root === '' ? rest.slice(0, 1) : root + rest.slice(0, end);
    },
    basename(p, suffix) {
      if (suffix !== undefined) check(suffix, 'suffix');
      check(p, 'path');
      if (suffix !== undefined && suffix === p) return '';
      const root = rootOf(p), rest = strip(p, sep === '/' ? '' : root.replace(/[\\/]$/, ''));
      const base = rest.slice(lastSep(rest) + 1);
      return suffix && base.endsWith(suffix) && base !== suffix ? base.slice(0, -suffix.length) : base;
    },
    extname(p) {
      check(p, 'path');
      return ext(lib.basename(p));
    },
    format: formatWith(sep),
    parse(p) {
      check(p, 'path');
      const root = rootOf(p), base = lib.basename(p);
      const e = ext(base);
      const rest = strip(p, root), i = lastSep(rest);
      let dir = root;
      if (i > 0) dir = root + rest.slice(0, i);
      else if (i === 0) dir = root + rest.slice(0, 1);
      return { root, dir, base, ext: e, name: e ? base.slice(0, -e.length) : base };
    },
  };
  return lib;
}

const posix = make('/', ':', (c) => c === '/', (p) => p[0] === '/' ? '/' : '');
let win32;
module.exports = Object.assign(posix, { posix, _makeLong: posix.toNamespacedPath });
Object.defineProperty(posix, 'win32', {
  get() {
    if (!win32) {
      win32 = make('\\', ';', (c) => c === '\\' || c === '/', (p) => (/^[\\/]{2}[^\\/]+[\\/]+[^\\/]+[\\/]?|^[a-zA-Z]:[\\/]?|^[\\/]/.exec(p) || [''])[0]);
      Object.assign(win32, { win32, posix });
    }
    return win32;
  },
  enumerable: true, configurable: true,
});
