// TextEncoder and TextDecoder for UTF-8, UTF-16LE and Latin-1 (windows-1252).
'use strict';
const errors = () => require('internal/errors');
const kState = Symbol('state');

class TextEncoder {
  get encoding() { return 'utf-8'; }
  encode(s = '') { return native.encode(`${s}`); }
  encodeInto(s, dest) {
    if (typeof s !== 'string') throw errors().invalidType('src', 'of type string', s);
    if (!(dest instanceof Uint8Array)) throw errors().invalidType('dest', 'an instance of Uint8Array', dest);
    const [bytes, read] = native.encodeInto(s, dest.length);
    dest.set(bytes);
    return { read, written: bytes.length };
  }
}
Object.defineProperty(TextEncoder.prototype, Symbol.toStringTag, { value: 'TextEncoder', configurable: true });

const empty = new Uint8Array();
class TextDecoder {
  constructor(label = 'utf-8', options) {
    const encoding = native.label(`${label}`);
    if (encoding === undefined) throw errors().make(RangeError, 'ERR_ENCODING_NOT_SUPPORTED', `The "${label}" encoding is not supported`);
    if (options !== undefined && options !== null && typeof options !== 'object') throw errors().invalidType('options', 'of type object', options);
    Object.defineProperty(this, kState, { value: { encoding, fatal: Boolean(options && options.fatal), ignoreBOM: Boolean(options && options.ignoreBOM), rest: empty, started: false } });
  }
  get encoding() { return this[kState].encoding; }
  get fatal() { return this[kState].fatal; }
  get ignoreBOM() { return this[kState].ignoreBOM; }
  decode(input = empty, options) {
    const s = this[kState];
    let bytes = input;
    if (!ArrayBuffer.isView(input)) {
      if (Object.prototype.toString.call(input) !== '[object ArrayBuffer]') throw errors().invalidType('list', 'an instance of ArrayBuffer or ArrayBufferView', input);
      bytes = new Uint8Array(input);
    } else if (!(input instanceof Uint8Array)) {
      bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    }
    const stream = Boolean(options && options.stream);
    if (s.rest.length) {
      const joined = new Uint8Array(s.rest.length + bytes.length);
      joined.set(s.rest);
      joined.set(bytes, s.rest.length);
      bytes = joined;
    }
    const [text, used, bad] = native.decode(bytes, s.encoding, !stream);
    if (bad && s.fatal) {
      s.rest = empty;
      s.started = false;
      throw errors().make(TypeError, 'ERR_ENCODING_INVALID_ENCODED_DATA', `The encoded data was not valid for encoding ${s.encoding}`);
    }
    s.rest = stream ? bytes.slice(used) : empty;
    let out = text;
    if (!s.started && text.length) {
      if (!s.ignoreBOM && s.encoding !== 'windows-1252' && text.charCodeAt(0) === 0xfeff) out = text.slice(1);
      s.started = true;
    }
    if (!stream) s.started = false;
    return out;
  }
}
Object.defineProperty(TextDecoder.prototype, Symbol.toStringTag, { value: 'TextDecoder', configurable: true });
module.exports = { TextEncoder, TextDecoder };
