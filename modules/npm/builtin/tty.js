'use strict';
const { Readable, Writable } = require('stream');
// There is no terminal.
exports.isatty = () => false;
exports.ReadStream = class ReadStream extends Readable { _read() { this.push(null); } };
exports.WriteStream = class WriteStream extends Writable {
  _write(chunk, encoding, cb) { cb(); }
  getColorDepth() { return 1; }
  hasColors() { return false; }
};
