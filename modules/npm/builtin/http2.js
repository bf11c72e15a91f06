'use strict';
const advice = 'HTTP/2 sessions are not offered; use fetch, http or https';
Object.assign(exports, require('internal/npm/refuse')(advice, ['connect', 'createServer', 'createSecureServer', 'getDefaultSettings', 'getPackedSettings', 'getUnpackedSettings']));
exports.sensitiveHeaders = Symbol('nodejs.http2.sensitiveHeaders');
exports.Http2ServerRequest = class Http2ServerRequest {};
exports.Http2ServerResponse = class Http2ServerResponse {};
exports.constants = {
  NGHTTP2_NO_ERROR: 0, NGHTTP2_PROTOCOL_ERROR: 1, NGHTTP2_INTERNAL_ERROR: 2, NGHTTP2_FLOW_CONTROL_ERROR: 3,
  NGHTTP2_REFUSED_STREAM: 7, NGHTTP2_CANCEL: 8, NGHTTP2_ENHANCE_YOUR_CALM: 11, NGHTTP2_INADEQUATE_SECURITY: 12,
  NGHTTP2_SESSION_CLIENT: 1, NGHTTP2_SESSION_SERVER: 0, NGHTTP2_FLAG_END_STREAM: 1, NGHTTP2_DEFAULT_WEIGHT: 16,
  HTTP2_HEADER_AUTHORITY: ':authority', HTTP2_HEADER_METHOD: ':method', HTTP2_HEADER_PATH: ':path', HTTP2_HEADER_SCHEME: ':scheme',
  HTTP2_HEADER_STATUS: ':status', HTTP2_HEADER_CONTENT_TYPE: 'content-type', HTTP2_HEADER_TE: 'te', HTTP2_HEADER_USER_AGENT: 'user-agent',
};
