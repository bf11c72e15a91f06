// DOMException, with the old numeric codes.
'use strict';
const codes = ['IndexSize', '', 'HierarchyRequest', 'WrongDocument', 'InvalidCharacter', '', 'NoModificationAllowed', 'NotFound', 'NotSupported', 'InUseAttribute',
  'InvalidState', 'Syntax', 'InvalidModification', 'Namespace', 'InvalidAccess', '', 'TypeMismatch', 'Security', 'Network', 'Abort', 'URLMismatch', 'QuotaExceeded',
  'Timeout', 'InvalidNodeType', 'DataClone'];
class DOMException extends Error {
  constructor(message = '', options = 'Error') {
    super(`${message}`);
    const name = options !== null && typeof options === 'object' ? options.name === undefined ? 'Error' : `${options.name}` : `${options}`;
    if (options !== null && typeof options === 'object' && 'cause' in options) {
      Object.defineProperty(this, 'cause', { value: options.cause, writable: true, configurable: true });
    }
    Object.defineProperty(this, 'name', { value: name, writable: true, configurable: true });
    Object.defineProperty(this, 'code', { value: name === 'Error' ? 0 : codes.indexOf(name.replace(/Error$/, '')) + 1, writable: true, configurable: true });
  }
}
Object.defineProperty(DOMException.prototype, Symbol.toStringTag, { value: 'DOMException', configurable: true });
codes.forEach((name, i) => {
  if (!name) return;
  const constant = { QuotaExceeded: 'QUOTA_EXCEEDED', URLMismatch: 'URL_MISMATCH' }[name] || name.replace(/\B[A-Z]/g, '_$&').toUpperCase();
  const d = { value: i + 1, enumerable: true };
  Object.defineProperty(DOMException, constant + '_ERR', d);
  Object.defineProperty(DOMException.prototype, constant + '_ERR', d);
});
module.exports = DOMException;
