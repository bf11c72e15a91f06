'use strict';
const { Buffer } = require('internal/buffer');
const { make, invalidType, outOfRange } = require('internal/errors');
const kMax = 16 * 1024 * 1024; // bytes out, where options give no maxOutputLength
const constants = {
  Z_NO_FLUSH: 0, Z_PARTIAL_FLUSH: 1, Z_SYNC_FLUSH: 2, Z_FULL_FLUSH: 3, Z_FINISH: 4, Z_BLOCK: 5, Z_TREES: 6,
  Z_OK: 0, Z_STREAM_END: 1, Z_NEED_DICT: 2, Z_ERRNO: -1, Z_STREAM_ERROR: -2, Z_DATA_ERROR: -3, Z_MEM_ERROR: -4, Z_BUF_ERROR: -5, Z_VERSION_ERROR: -6,
  Z_NO_COMPRESSION: 0, Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9, Z_DEFAULT_COMPRESSION: -1,
  Z_FILTERED: 1, Z_HUFFMAN_ONLY: 2, Z_RLE: 3, Z_FIXED: 4, Z_DEFAULT_STRATEGY: 0,
  DEFLATE: 1, INFLATE: 2, GZIP: 3, GUNZIP: 4, DEFLATERAW: 5, INFLATERAW: 6, UNZIP: 7, BROTLI_DECODE: 8, BROTLI_ENCODE: 9,
  Z_MIN_WINDOWBITS: 8, Z_MAX_WINDOWBITS: 15, Z_DEFAULT_WINDOWBITS: 15, Z_MIN_CHUNK: 64, Z_MAX_CHUNK: Infinity, Z_DEFAULT_CHUNK: 16384,
  Z_MIN_MEMLEVEL: 1, Z_MAX_MEMLEVEL: 9, Z_DEFAULT_MEMLEVEL: 8, Z_MIN_LEVEL: -1, Z_MAX_LEVEL: 9, Z_DEFAULT_LEVEL: -1,
  BROTLI_OPERATION_PROCESS: 0, BROTLI_OPERATION_FLUSH: 1, BROTLI_OPERATION_FINISH: 2, BROTLI_PARAM_MODE: 0, BROTLI_PARAM_QUALITY: 1, BROTLI_PARAM_SIZE_HINT: 5,
};
const bytesOf = (data) => {
  if (typeof data === 'string') return Buffer.from(data);
  if (ArrayBuffer.isView(data) || data instanceof ArrayBuffer) return data;
  throw invalidType('buffer', 'of type string or an instance of Buffer, TypedArray, DataView, or ArrayBuffer', data);
};
// settings are checked as Node's are.
const settings = (options) => {
  const o = options || {};
  const level = o.level === undefined ? -1 : o.level, max = o.maxOutputLength === undefined ? kMax : o.maxOutputLength;
  for (const [v, name, lo, hi] of [[level, 'options.level', -1, 9], [max, 'options.maxOutputLength', 1, Number.MAX_SAFE_INTEGER]]) {
    if (typeof v !== 'number') throw invalidType(name, 'of type number', v);
    if (!(v >= lo && v <= hi)) throw outOfRange(name, `>= ${lo} and <= ${hi}`, v);
  }
  // A caller who sets no bound, or who lets input end early, says so.
  const partial = o.finishFlush === constants.Z_SYNC_FLUSH || o.finishFlush === constants.Z_PARTIAL_FLUSH;
  return [level, max, partial, o.dictionary === undefined ? undefined : bytesOf(o.dictionary)];
};
const wrap = (bytes) => Object.setPrototypeOf(bytes, Buffer.prototype);

const names = { gzip: 'Gzip', gunzip: 'Gunzip', deflate: 'Deflate', inflate: 'Inflate', deflateRaw: 'DeflateRaw', inflateRaw: 'InflateRaw', unzip: 'Unzip', brotliDecompress: 'BrotliDecompress', brotliCompress: 'BrotliCompress' };
const unsupported = (op) => make(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', `zlib.${op} is not available here: use gzip or deflate`);

for (const op of Object.keys(names)) {
  const brotli = op.startsWith('brotli');
  exports[`${op}Sync`] = (data, options) => {
    if (brotli) throw unsupported(op);
    return wrap(native.run(op, bytesOf(data), ...settings(options)));
  };
  exports[op] = (data, options, callback) => {
    if (typeof options === 'function') {
      callback = options;
      options = undefined;
    }
    if (typeof callback !== 'function') throw invalidType('callback', 'of type function', callback);
    if (brotli) {
      queueMicrotask(() => callback(unsupported(op)));
      return;
    }
    native.start(op, bytesOf(data), ...settings(options)).then((out) => queueMicrotask(() => callback(null, wrap(out))), (e) => queueMicrotask(() => callback(e)));
  };
  const name = names[op];
  // The stream classes need stream, so they come when they are asked for.
  let C;
  const get = () => {
    if (!C) C = streamClass(op, name, brotli);
    return C;
  };
  Object.defineProperty(exports, name, { get, enumerable: true, configurable: true });
  exports[`create${name}`] = (options) => new (get())(options);
}

// A stream gathers its input and works when that has ended: what it holds is
// bounded by the same maximum as what it gives.
function streamClass(op, name, brotli) {
  const { Transform } = require('stream');
  function Zlib(options) {
    if (!(this instanceof Zlib)) return new Zlib(options);
    if (brotli) throw unsupported(op);
    settings(options);
    Transform.call(this, options);
    this.bytesWritten = 0;
    Object.defineProperty(this, 'parts', { value: [] });
    Object.defineProperty(this, 'options', { value: options });
  }
  Object.defineProperty(Zlib, 'name', { value: name });
  Object.setPrototypeOf(Zlib.prototype, Transform.prototype);
  Object.setPrototypeOf(Zlib, Transform);
  Object.assign(Zlib.prototype, {
    _transform(chunk, encoding, cb) {
      this.bytesWritten += chunk.length;
      if (this.bytesWritten > kMax) return cb(make(RangeError, 'ERR_BUFFER_TOO_LARGE', `zlib: the stream is longer than ${kMax} bytes`));
      this.parts.push(chunk);
      cb();
    },
    _flush(cb) {
      const data = Buffer.concat(this.parts.splice(0));
      // Node gives nothing for nothing when it reads.
      if (data.length === 0 && /inflate|unzip|gunzip/i.test(op)) return cb();
      native.start(op, data, ...settings(this.options)).then((out) => {
        for (let i = 0; i < out.length; i += 65536) this.push(wrap(out.slice(i, i + 65536)));
        cb();
      }, cb);
    },
    flush(kind, cb) {
      if (typeof kind === 'function') cb = kind;
      if (cb) queueMicrotask(() => cb());
    },
    close(cb) {
      if (cb) this.once('close', cb);
      this.destroy();
    },
    params(level, strategy, cb) { queueMicrotask(() => cb(null)); },
    reset() { this.parts.length = 0; },
  });
  Object.defineProperty(Zlib.prototype, 'constructor', { value: Zlib, writable: true, configurable: true });
  return Zlib;
}

exports.crc32 = (data, value = 0) => native.crc32(bytesOf(data), value);
exports.constants = Object.freeze(constants);
exports.codes = Object.freeze({ Z_OK: 0, Z_STREAM_END: 1, Z_NEED_DICT: 2, Z_ERRNO: -1, Z_STREAM_ERROR: -2, Z_DATA_ERROR: -3, Z_MEM_ERROR: -4, Z_BUF_ERROR: -5, Z_VERSION_ERROR: -6 });
for (const k of Object.keys(constants)) if (k.startsWith('Z_')) Object.defineProperty(exports, k, { value: constants[k], enumerable: false });
