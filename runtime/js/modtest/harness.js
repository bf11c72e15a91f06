// Assertions of modtest. They do not use the modules under test.
(function () {
  'use strict';
  const t = { count: 0, failures: '' };
  const where = () => {
    const line = String(new Error().stack).split('\n').find((l) => !/harness\.js|^Error/.test(l));
    return line ? ' ' + line.trim() : '';
  };
  const fail = (msg) => { t.failures += msg + where() + '\n\u0000'; };
  const show = (v, depth = 0) => {
    if (typeof v === 'string') return JSON.stringify(v);
    if (typeof v === 'bigint') return v + 'n';
    if (Object.is(v, -0)) return '-0';
    if (typeof v === 'function') return 'function ' + v.name;
    if (v === null || typeof v !== 'object') return String(v);
    if (v instanceof Error) return v.name + ': ' + v.message;
    if (ArrayBuffer.isView(v)) return v.constructor.name + '[' + Array.prototype.join.call(v) + ']';
    if (v instanceof Date) return 'Date(' + v.getTime() + ')';
    if (depth > 6) return '…';
    if (v instanceof Map) return 'Map' + show([...v], depth + 1);
    if (v instanceof Set) return 'Set' + show([...v], depth + 1);
    if (Array.isArray(v)) return '[' + v.map((e) => show(e, depth + 1)).join(', ') + ']';
    return '{' + Object.keys(v).map((k) => k + ': ' + show(v[k], depth + 1)).join(', ') + '}';
  };
  const same = (a, b, depth = 0) => {
    if (Object.is(a, b)) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || depth > 50) return false;
    if (ArrayBuffer.isView(a) || ArrayBuffer.isView(b)) {
      return ArrayBuffer.isView(a) && ArrayBuffer.isView(b) && a.length === b.length &&
        Array.prototype.every.call(a, (x, i) => Object.is(x, b[i]));
    }
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    if (a instanceof Date || b instanceof Date) return a instanceof Date && b instanceof Date && same(a.getTime(), b.getTime());
    if (a instanceof Map && b instanceof Map || a instanceof Set && b instanceof Set) return same([...a], [...b], depth + 1);
    const ka = Object.keys(a), kb = Object.keys(b);
    return ka.length === kb.length && ka.every((k) => Object.prototype.hasOwnProperty.call(b, k) && same(a[k], b[k], depth + 1));
  };
  t.ok = (v, msg) => { t.count++; if (!v) fail((msg || 'not ok') + ': ' + show(v)); };
  t.eq = (got, want, msg) => {
    t.count++;
    if (!same(got, want)) fail((msg ? msg + ': ' : '') + 'got ' + show(got) + ', want ' + show(want));
  };
  const matches = (e, want) => {
    if (want === undefined) return true;
    if (want instanceof RegExp) return want.test(e && e.message !== undefined ? e.name + ': ' + e.message : String(e));
    if (typeof want === 'function') return e instanceof want;
    return Object.keys(want).every((k) => want[k] instanceof RegExp ? want[k].test(e[k]) : same(e[k], want[k]));
  };
  t.throws = (f, want, msg) => {
    t.count++;
    let v;
    try { v = f(); } catch (e) {
      if (!matches(e, want)) fail((msg ? msg + ': ' : '') + 'threw ' + show(e) + ' code=' + (e && e.code) + ', want ' + show(want) + (want instanceof RegExp ? want : ''));
      return e;
    }
    fail((msg ? msg + ': ' : '') + 'did not throw but returned ' + show(v));
  };
  t.rejects = async (p, want, msg) => {
    t.count++;
    let v;
    try { v = await (typeof p === 'function' ? p() : p); } catch (e) {
      if (!matches(e, want)) fail((msg ? msg + ': ' : '') + 'rejected with ' + show(e) + ' code=' + (e && e.code) + ', want ' + show(want) + (want instanceof RegExp ? want : ''));
      return e;
    }
    fail((msg ? msg + ': ' : '') + 'did not reject but gave ' + show(v));
  };
  t.show = show;
  Object.defineProperty(globalThis, 't', { value: t, writable: true, configurable: true });
})();
