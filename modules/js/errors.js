// Errors as Node.js words them: code, and the class's name in `name`.
'use strict';
const make = (Class, code, message) => {
  const e = new Class(message);
  e.code = code;
  return e;
};

// received says what a wrong value was, for the end of a message.
const received = (v) => {
  if (v === null || v === undefined) return ` Received ${v}`;
  if (typeof v === 'function') return ` Received function ${v.name}`;
  if (typeof v === 'object') {
    if (v.constructor && v.constructor.name) return ` Received an instance of ${v.constructor.name}`;
    return ` Received ${require('internal/inspect').inspect(v, { depth: -1 })}`;
  }
  let s = typeof v === 'string' ? require('internal/inspect').inspect(v) : String(v) + (typeof v === 'bigint' ? 'n' : '');
  if (s.length > 28) s = s.slice(0, 25) + '...' + (typeof v === 'string' ? "'" : '');
  return ` Received type ${typeof v} (${s})`;
};

// invalidType takes the expectation in Node's words: 'of type string', 'an
// instance of Buffer'.
const invalidType = (name, expected, v) => make(TypeError, 'ERR_INVALID_ARG_TYPE',
  `The ${/ argument$/.test(name) ? name : `"${name}" ${name.includes('.') ? 'property' : 'argument'}`} must be ${expected}.${received(v)}`);

const separated = (v) => {
  if (typeof v === 'bigint' ? v > 4294967296n || v < -4294967296n : Number.isInteger(v) && Math.abs(v) > 4294967296) {
    return String(v).replace(/\B(?=(\d{3})+$)/g, '_') + (typeof v === 'bigint' ? 'n' : '');
  }
  return typeof v === 'bigint' ? v + 'n' : typeof v === 'string' ? require('internal/inspect').inspect(v) : String(v);
};
const outOfRange = (name, range, v) => make(RangeError, 'ERR_OUT_OF_RANGE',
  `The value of "${name}" is out of range. It must be ${range}. Received ${separated(v)}`);
const invalidValue = (name, v, reason = 'is invalid') => make(TypeError, 'ERR_INVALID_ARG_VALUE',
  `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${reason}. Received ${require('internal/inspect').inspect(v)}`);

const checkFunction = (f, name) => { if (typeof f !== 'function') throw invalidType(name, 'of type function', f); };

module.exports = { make, received, invalidType, outOfRange, invalidValue, checkFunction };
