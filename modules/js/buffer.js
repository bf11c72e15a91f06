'use strict';
const { Buffer, kMaxLength } = require('internal/buffer');
const lazy = (name, from) => Object.defineProperty(exports, name, { get: () => require(from)[name], enumerable: true, configurable: true });
Object.assign(exports, {
  Buffer,
  SlowBuffer: Object.assign((n) => Buffer.allocUnsafeSlow(n), { prototype: Buffer.prototype }),
  kMaxLength,
  kStringMaxLength: 0x1fffffe8,
  constants: { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: 0x1fffffe8 },
  INSPECT_MAX_BYTES: 50,
  isUtf8: (b) => native.isUtf8(b),
  isAscii: (b) => native.isAscii(b),
  // transcode replaces what the target cannot hold by a question mark.
  transcode(source, from, to) {
    const { known } = require('internal/buffer');
    if (!(source instanceof Uint8Array)) throw require('internal/errors').invalidType('source', 'an instance of Buffer or Uint8Array', source);
    const usable = (e) => ['utf8', 'utf16le', 'latin1', 'ascii'].includes(known(e)) ? known(e) : undefined;
    if (!usable(from) || !usable(to)) {
      throw Object.assign(new Error('Unable to transcode Buffer [U_ILLEGAL_ARGUMENT_ERROR]'), { code: 'U_ILLEGAL_ARGUMENT_ERROR', errno: 1 });
    }
    let s = Buffer.from(source).toString(from);
    if (usable(to) === 'latin1') s = s.replace(/[^]/gu, (c) => c > '\xff' ? '?' : c);
    if (usable(to) === 'ascii') s = s.replace(/[^]/gu, (c) => c > '\x7f' ? '?' : c);
    return Buffer.from(s, to);
  },
});
lazy('atob', 'internal/base64');
lazy('btoa', 'internal/base64');
lazy('Blob', 'internal/blob');
lazy('File', 'internal/blob');
