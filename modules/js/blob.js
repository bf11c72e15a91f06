// Blob and File: bytes with a type. They are whole in memory.
'use strict';
const kBytes = Symbol('bytes');
const bytesOf = (part) => {
  if (part instanceof Blob) return part[kBytes];
  if (part instanceof ArrayBuffer) return new Uint8Array(part);
  if (ArrayBuffer.isView(part)) return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  return require('internal/buffer').Buffer.from(`${part}`);
};
class Blob {
  constructor(parts = [], options = {}) {
    if (parts === null || typeof parts !== 'object' || typeof parts[Symbol.iterator] !== 'function') {
      throw require('internal/errors').invalidType('sources', 'a sequence', parts);
    }
    if (options !== null && typeof options !== 'object') throw require('internal/errors').invalidType('options', 'of type object', options);
    const type = options && options.type !== undefined ? `${options.type}` : '';
    const native = options && options.endings === 'native';
    const list = Array.from(parts, (p) => bytesOf(native && typeof p === 'string' ? p.replace(/\r\n|\r/g, '\n') : p));
    // concat copies, so later changes of a part do not show.
    Object.defineProperty(this, kBytes, { value: require('internal/buffer').Buffer.concat(list) });
    Object.defineProperty(this, 'kType', { value: /[^\x20-\x7e]/.test(type) ? '' : type.toLowerCase() });
  }
  get size() { return this[kBytes].length; }
  get type() { return this.kType; }
  slice(start = 0, end = this.size, type = '') { return new Blob([this[kBytes].slice(start, end)], { type }); }
  async text() { return this[kBytes].toString(); }
  async arrayBuffer() { return this[kBytes].buffer.slice(this[kBytes].byteOffset, this[kBytes].byteOffset + this[kBytes].length); }
  async bytes() { return new Uint8Array(await this.arrayBuffer()); }
  stream() {
    if (typeof ReadableStream === 'undefined') throw require('internal/errors').make(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'Blob.stream is not available here: use arrayBuffer() or text()');
    const bytes = this[kBytes];
    return new ReadableStream({ start(c) { if (bytes.length) c.enqueue(new Uint8Array(bytes)); c.close(); } });
  }
  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) { return `Blob ${inspect({ size: this.size, type: this.type }, options)}`; }
}
Object.defineProperty(Blob.prototype, Symbol.toStringTag, { value: 'Blob', configurable: true });

class File extends Blob {
  constructor(parts, name, options = {}) {
    if (arguments.length < 2) throw require('internal/errors').make(TypeError, 'ERR_MISSING_ARGS', 'The "fileBits" and "fileName" arguments must be specified');
    super(parts, options);
    const modified = options && options.lastModified !== undefined ? +options.lastModified || 0 : Date.now();
    Object.defineProperty(this, 'name', { value: `${name}`, configurable: true });
    Object.defineProperty(this, 'lastModified', { value: modified, configurable: true });
  }
}
Object.defineProperty(File.prototype, Symbol.toStringTag, { value: 'File', configurable: true });
module.exports = { Blob, File };
