'use strict';
// A native's bytes as a script gets them: a Buffer, or text for an encoding that
// the native left to this.
const { Buffer, wrap } = require('internal/buffer');
module.exports = (bytes, encoding) => {
  const b = wrap ? wrap(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return encoding && encoding !== 'buffer' && Buffer.isEncoding(encoding) ? b.toString(encoding) : b;
};
