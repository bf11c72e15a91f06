'use strict';
function RequestError(cause, options, response) {
  this.name = 'RequestError';
  this.message = String(cause);
  this.cause = this.error = cause;
  this.options = options;
  this.response = response;
  Error.captureStackTrace && Error.captureStackTrace(this);
}
function StatusCodeError(statusCode, body, options, response) {
  this.name = 'StatusCodeError';
  this.statusCode = statusCode;
  this.message = statusCode + ' - ' + JSON.stringify(body);
  this.error = body;
  this.options = options;
  this.response = response;
  Error.captureStackTrace && Error.captureStackTrace(this);
}
function TransformError(cause, options, response) {
  RequestError.call(this, cause, options, response);
  this.name = 'TransformError';
}
for (const f of [RequestError, StatusCodeError, TransformError]) {
  f.prototype = Object.create(Error.prototype, { constructor: { value: f, writable: true, configurable: true } });
}
module.exports = { RequestError, StatusCodeError, TransformError };
