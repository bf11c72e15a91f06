// URLSearchParams. Names and values stand in turn in one list.
'use strict';
const make = (...args) => require('internal/errors').make(...args);
const scalar = (v) => `${v}`;
const need = (args, n, names) => {
  if (args.length < n) throw make(TypeError, 'ERR_MISSING_ARGS', n === 1 ? `The ${names[0]} argument must be specified` : `The ${names.join(' and ')} arguments must be specified`);
};
const NAME = ['"name"'], PAIR = ['"name"', '"value"'];
const notIterable = () => make(TypeError, 'ERR_INVALID_TUPLE', 'Each query pair must be an iterable [name, value] tuple');

class URLSearchParams {
  #list = [];
  #update;
  constructor(init) {
    if (init === undefined || init === null) return;
    if (typeof init !== 'object' && typeof init !== 'function') {
      init = `${init}`;
      this.#list = native.parse(init[0] === '?' ? init.slice(1) : init);
      return;
    }
    if (#list in init) {
      this.#list = init.#list.slice();
      return;
    }
    const iterator = init[Symbol.iterator];
    if (iterator !== undefined && iterator !== null) {
      if (typeof iterator !== 'function') throw make(TypeError, 'ERR_ARG_NOT_ITERABLE', 'Query pairs must be iterable');
      for (const pair of init) {
        if (pair === null || typeof pair !== 'object' && typeof pair !== 'function' || typeof pair[Symbol.iterator] !== 'function') throw notIterable();
        const both = [...pair];
        if (both.length !== 2) throw notIterable();
        this.#list.push(scalar(both[0]), scalar(both[1]));
      }
      return;
    }
    for (const k of Reflect.ownKeys(init)) {
      const d = Reflect.getOwnPropertyDescriptor(init, k);
      if (d !== undefined && d.enumerable) {
        const name = scalar(k), value = scalar(init[k]);
        const i = this.#list.findIndex((e, at) => at % 2 === 0 && e === name);
        if (i >= 0) this.#list[i + 1] = value;
        else this.#list.push(name, value);
      }
    }
  }
  #changed() { if (this.#update) this.#update(this.toString()); }
  get size() { return this.#list.length / 2; }
  append(name, value) {
    need(arguments, 2, PAIR);
    this.#list.push(scalar(name), scalar(value));
    this.#changed();
  }
  delete(name, value) {
    need(arguments, 1, NAME);
    name = scalar(name);
    const any = value === undefined;
    if (!any) value = scalar(value);
    const list = this.#list;
    for (let i = 0; i < list.length;) {
      if (list[i] === name && (any || list[i + 1] === value)) list.splice(i, 2);
      else i += 2;
    }
    this.#changed();
  }
  get(name) {
    need(arguments, 1, NAME);
    name = scalar(name);
    for (let i = 0; i < this.#list.length; i += 2) if (this.#list[i] === name) return this.#list[i + 1];
    return null;
  }
  getAll(name) {
    need(arguments, 1, NAME);
    name = scalar(name);
    const out = [];
    for (let i = 0; i < this.#list.length; i += 2) if (this.#list[i] === name) out.push(this.#list[i + 1]);
    return out;
  }
  has(name, value) {
    need(arguments, 1, NAME);
    name = scalar(name);
    if (value !== undefined) value = scalar(value);
    for (let i = 0; i < this.#list.length; i += 2) if (this.#list[i] === name && (value === undefined || this.#list[i + 1] === value)) return true;
    return false;
  }
  set(name, value) {
    need(arguments, 2, PAIR);
    name = scalar(name);
    value = scalar(value);
    const list = this.#list;
    let found = false;
    for (let i = 0; i < list.length;) {
      if (list[i] !== name) i += 2;
      else if (found) list.splice(i, 2);
      else {
        list[i + 1] = value;
        found = true;
        i += 2;
      }
    }
    if (!found) list.push(name, value);
    this.#changed();
  }
  sort() {
    const pairs = [];
    for (let i = 0; i < this.#list.length; i += 2) pairs.push([this.#list[i], this.#list[i + 1]]);
    pairs.sort((a, b) => a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
    this.#list = [].concat(...pairs);
    this.#changed();
  }
  forEach(f, self) {
    require('internal/errors').checkFunction(f, 'callback');
    for (let i = 0; i < this.#list.length; i += 2) f.call(self, this.#list[i + 1], this.#list[i], this);
  }
  * entries() { for (let i = 0; i < this.#list.length; i += 2) yield [this.#list[i], this.#list[i + 1]]; }
  * keys() { for (let i = 0; i < this.#list.length; i += 2) yield this.#list[i]; }
  * values() { for (let i = 0; i < this.#list.length; i += 2) yield this.#list[i + 1]; }
  toString() { return native.serialize(this.#list); }
  // What a URL object does with its own params.
  [Symbol.for('rulebox.params.reset')](query) { this.#list = native.parse(query); }
  [Symbol.for('rulebox.params.owner')](update) { this.#update = update; }
  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    if (typeof depth === 'number' && depth < 0) return '[Object]';
    const out = [];
    for (const [k, v] of this) out.push(`${inspect(k, options)} => ${inspect(v, options)}`);
    return out.length ? `URLSearchParams { ${out.join(', ')} }` : 'URLSearchParams {}';
  }
}
const proto = URLSearchParams.prototype;
Object.defineProperty(proto, Symbol.iterator, { value: proto.entries, writable: true, configurable: true });
Object.defineProperty(proto, Symbol.toStringTag, { value: 'URLSearchParams', configurable: true });
module.exports = { URLSearchParams };
