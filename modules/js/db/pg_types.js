'use strict';
// The parsers of pg-types, by the number of the type. What most columns have is
// here, the rest comes when a result has it.
const more = () => require('internal/db/pg_types_more');
const same = (v) => v;
const parseBool = (v) => v === 't' || v === 'true' || v === 'y' || v === 'yes' || v === 'on' || v === '1';
const parseInt10 = (v) => parseInt(v, 10);
const parseJSON = JSON.parse;

function builtin(oid) {
  switch (oid) {
    case 25: case 1043: case 2950: case 20: case 1700: case 1042: case 19: return undefined; // text, uuid, numbers that JavaScript has not
    case 16: return parseBool;
    case 21: case 23: case 26: return parseInt10;
    case 114: case 3802: return parseJSON;
    case 700: case 701: return parseFloat;
    default: return more().builtin(oid);
  }
}

function make() {
  const text = {};
  const parserOf = (oid) => {
    if (oid in text) return text[oid];
    const parse = builtin(+oid);
    return parse && (text[oid] = parse);
  };
  const binary = {};
  const types = {
    get builtins() { return more().numbers; },
    arrayParser: { create: (source, parse) => ({ parse: () => more().parseArray(source, parse || same) }) },
    getTypeParser(oid, format) { return format === 'binary' ? binary[oid] || same : parserOf(oid) || String; },
    setTypeParser(oid, format, parse) {
      if (typeof format === 'function') { parse = format; format = 'text'; }
      (format === 'binary' ? binary : text)[oid] = parse;
    },
  };
  const big = (on) => {
    types.setTypeParser(20, 'text', on ? parseInt10 : same);
    types.setTypeParser(1016, 'text', more().arrayOf(on ? parseInt10 : same));
  };
  return { types, big };
}

// Overrides are the parsers of one client.
class TypeOverrides {
  constructor(types) { this._types = types; this.text = null; this.binary = null; }
  setTypeParser(oid, format, parse) {
    if (typeof format === 'function') { parse = format; format = 'text'; }
    const key = format === 'binary' ? 'binary' : 'text';
    (this[key] || (this[key] = {}))[oid] = parse;
  }
  getTypeParser(oid, format) {
    const own = format === 'binary' ? this.binary : this.text;
    return own && own[oid] || this._types.getTypeParser(oid, format || 'text');
  }
}
module.exports = { make, TypeOverrides };
