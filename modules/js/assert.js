'use strict';
const { make, invalidType, checkFunction } = require('internal/errors');
const { inspect } = require('internal/inspect');
const { deepEqual } = require('internal/equal');
const show = (v) => inspect(v, { compact: false, customInspect: false, depth: 1000, maxArrayLength: Infinity, sorted: true, breakLength: Infinity });
const short = (v) => {
  const s = show(v);
  return s.length > 512 ? `${s.slice(0, 509)}...` : s;
};

// header begins the message of each operator; the values follow.
const headers = {
  deepStrictEqual: 'Expected values to be strictly deep-equal:',
  strictEqual: 'Expected values to be strictly equal:',
  deepEqual: 'Expected values to be loosely deep-equal:',
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
};
function difference(operator, actual, expected) {
  const a = short(actual), e = short(expected);
  if (operator === 'equal' || operator === '==') return `${a} == ${e}`;
  if (operator === 'notEqual' || operator === '!=') return `${a} != ${e}`;
  if (operator.startsWith('not')) return `${headers[operator]}${e.includes('\n') ? '\n\n' : ' '}${e}${e.includes('\n') ? '\n' : ''}`;
  if (operator === 'deepEqual') return `${headers.deepEqual}\n\n${a}\n\nshould loosely deep-equal\n\n${e}`;
  const simple = (v) => v === null || typeof v !== 'object' && typeof v !== 'function';
  if (simple(actual) && simple(expected) && a !== e) return `${headers[operator]}\n\n${a} !== ${e}\n`;
  if (a === e) return `Values have same structure but are not reference-equal:\n\n${a}\n`;
  return `${headers[operator]}\n+ actual - expected\n\n${lines(a.split('\n'), e.split('\n')).join('\n')}`;
}
// lines marks what only one side has.
function lines(a, b) {
  const out = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { out.push(`  ${a[i]}`); i++; j++; continue; }
    const inB = i < a.length ? b.indexOf(a[i], j) : -1, inA = j < b.length ? a.indexOf(b[j], i) : -1;
    if (i < a.length && (inB < 0 || inA >= 0 && inA - i < inB - j)) out.push(`+ ${a[i++]}`);
    else if (j < b.length) out.push(`- ${b[j++]}`);
    else out.push(`+ ${a[i++]}`);
    if (out.length > 200) { out.push('...'); break; }
  }
  return out;
}

class AssertionError extends Error {
  constructor(options) {
    if (options === null || typeof options !== 'object') throw invalidType('options', 'of type object', options);
    const { message, operator, actual, expected } = options;
    super(message !== undefined && message !== null ? `${message}` : operator === undefined ? 'Failed' : difference(operator, actual, expected));
    this.generatedMessage = message === undefined || message === null;
    Object.defineProperty(this, 'name', { value: 'AssertionError', writable: true, configurable: true });
    this.code = 'ERR_ASSERTION';
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
  }
  toString() { return `${this.name} [${this.code}]: ${this.message}`; }
}

function fail(message, fields) {
  if (message instanceof Error) throw message;
  const e = new AssertionError({ message, ...fields });
  if (fields.generated) e.generatedMessage = true;
  throw e;
}
const operator = (name, test) => function (actual, expected, message) {
  if (arguments.length < 2) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "actual" and "expected" arguments must be specified');
  if (!test(actual, expected)) fail(message, { actual, expected, operator: name });
};
function assert(...args) { ok(args); }
function ok(args) {
  const [value, message] = args;
  if (value) return;
  if (args.length === 0) fail('No value argument passed to `assert.ok()`', { actual: value, expected: true, operator: '==', generated: true });
  if (message === undefined || message === null) fail('The expression evaluated to a falsy value', { actual: value, expected: true, operator: '==', generated: true });
  fail(message, { actual: value, expected: true, operator: '==' });
}

// matches throws unless the thrown value is as expected.
function matches(actual, expected, message, fn) {
  if (expected === undefined) return;
  if (typeof expected === 'function') {
    if (expected.prototype !== undefined && actual instanceof expected) return;
    if (Object.prototype.isPrototypeOf.call(Error, expected) || expected === Error) {
      fail(message, { actual, expected, operator: fn, message: message || `The error is expected to be an instance of "${expected.name}". Received "${actual && actual.name || actual}"` });
    }
    if (Reflect.apply(expected, {}, [actual]) === true) return;
    fail(message || `The ${expected.name ? `"${expected.name}" ` : ''}validation function is expected to return "true".`, { actual, expected, operator: fn, generated: !message });
  }
  if (expected instanceof RegExp) {
    if (expected.test(String(actual))) return;
    fail(message || `The input did not match the regular expression ${expected}. Input:\n\n${inspect(String(actual))}\n`, { actual, expected, operator: fn, generated: !message });
  }
  if (typeof actual !== 'object' || actual === null) {
    fail(message, { actual, expected, operator: fn, message: message || difference('deepStrictEqual', actual, expected) });
  }
  const keys = Object.keys(expected);
  if (expected instanceof Error) keys.push('name', 'message');
  else if (keys.length === 0) throw make(TypeError, 'ERR_INVALID_ARG_VALUE', "The argument 'error' may not be an empty object. Received {}");
  for (const k of keys) {
    if (typeof actual[k] === 'string' && expected[k] instanceof RegExp && expected[k].test(actual[k])) continue;
    if (!(k in actual) || !deepEqual(actual[k], expected[k], true)) {
      const part = (v) => Object.fromEntries(keys.filter((n) => n in v).map((n) => [n, v[n]]));
      fail(message || difference('deepStrictEqual', part(actual), part(expected)), { actual, expected, operator: fn, generated: !message });
    }
  }
}
const nothing = Symbol('nothing thrown');
function expectThrow(actual, expected, message, fn) {
  if (typeof expected === 'string') {
    message = expected;
    expected = undefined;
  }
  if (expected !== undefined && typeof expected !== 'function' && (typeof expected !== 'object' || expected === null)) {
    throw invalidType('error', 'of type function or an instance of Error, RegExp, or Object', expected);
  }
  if (actual === nothing) {
    const name = expected && expected.name ? ` (${expected.name})` : '';
    fail(message && message instanceof Error ? message : `Missing expected ${fn === 'rejects' ? 'rejection' : 'exception'}${name}${message ? `: ${message}` : '.'}`, { actual: undefined, expected, operator: fn });
  }
  matches(actual, expected, message, fn);
}
function expectNoThrow(actual, expected, message, fn) {
  if (actual === nothing) return;
  if (typeof expected === 'string') {
    message = expected;
    expected = undefined;
  }
  const unwanted = expected === undefined || (typeof expected === 'function' ? actual instanceof expected : expected instanceof RegExp && expected.test(String(actual)));
  if (!unwanted) throw actual;
  fail(`Got unwanted ${fn === 'doesNotReject' ? 'rejection' : 'exception'}${message ? `: ${message}` : '.'}\nActual message: "${actual && actual.message}"`, { actual, expected, operator: fn });
}
const run = (fn) => {
  checkFunction(fn, 'fn');
  try { fn(); } catch (e) { return e; }
  return nothing;
};
const settle = async (p) => {
  if (typeof p === 'function') {
    const r = p();
    if (!r || typeof r.then !== 'function') throw make(TypeError, 'ERR_INVALID_RETURN_VALUE', 'Expected instance of Promise to be returned from the "promiseFn" function but got ' + (r === undefined || r === null ? String(r) : `type ${typeof r}`) + '.');
    p = r;
  } else if (!p || typeof p.then !== 'function') {
    throw invalidType('promiseFn', 'of type function or an instance of Promise', p);
  }
  try { await p; } catch (e) { return e; }
  return nothing;
};
const regexp = (name, want) => (string, re, message) => {
  if (!(re instanceof RegExp)) throw invalidType('regexp', 'an instance of RegExp', re);
  if (typeof string === 'string' && re.test(string) === want) return;
  if (message instanceof Error) throw message;
  const text = typeof string !== 'string' ? `The "string" argument must be of type string. Received type ${typeof string} (${inspect(string)})`
    : `The input ${want ? 'did not match' : 'was expected to not match'} the regular expression ${inspect(re)}. Input:\n\n${inspect(string)}\n`;
  fail(message || text, { actual: string, expected: re, operator: name, generated: !message });
};

Object.assign(assert, {
  AssertionError,
  ok(...args) { ok(args); },
  fail(message) {
    if (message instanceof Error) throw message;
    fail(message === undefined ? 'Failed' : message, { operator: 'fail', generated: message === undefined });
  },
  equal: operator('==', (a, b) => a == b || Number.isNaN(a) && Number.isNaN(b)), // eslint-disable-line eqeqeq
  notEqual: operator('!=', (a, b) => a != b && !(Number.isNaN(a) && Number.isNaN(b))), // eslint-disable-line eqeqeq
  strictEqual: operator('strictEqual', Object.is),
  notStrictEqual: operator('notStrictEqual', (a, b) => !Object.is(a, b)),
  deepEqual: operator('deepEqual', (a, b) => deepEqual(a, b, false)),
  notDeepEqual: operator('notDeepEqual', (a, b) => !deepEqual(a, b, false)),
  deepStrictEqual: operator('deepStrictEqual', (a, b) => deepEqual(a, b, true)),
  notDeepStrictEqual: operator('notDeepStrictEqual', (a, b) => !deepEqual(a, b, true)),
  throws: (fn, expected, message) => expectThrow(run(fn), expected, message, 'throws'),
  doesNotThrow: (fn, expected, message) => expectNoThrow(run(fn), expected, message, 'doesNotThrow'),
  rejects: async (p, expected, message) => expectThrow(await settle(p), expected, message, 'rejects'),
  doesNotReject: async (p, expected, message) => expectNoThrow(await settle(p), expected, message, 'doesNotReject'),
  ifError(e) {
    if (e === null || e === undefined) return;
    const text = typeof e === 'object' && typeof e.message === 'string' ? e.message || e.constructor && e.constructor.name : inspect(e);
    fail(`ifError got unwanted exception: ${text}`, { actual: e, expected: null, operator: 'ifError', generated: true });
  },
  match: regexp('match', true),
  doesNotMatch: regexp('doesNotMatch', false),
});
const strict = Object.assign((...args) => ok(args), assert, {
  equal: assert.strictEqual, notEqual: assert.notStrictEqual, deepEqual: assert.deepStrictEqual, notDeepEqual: assert.notDeepStrictEqual,
});
assert.strict = strict;
strict.strict = strict;
module.exports = assert;
