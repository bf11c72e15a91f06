/** What the scopes amount to, in words. */
exports.describe = (scopes) => (scopes.some((s) => s.startsWith('write:')) ? 'read and write' : 'read');
