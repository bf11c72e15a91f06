'use strict';
const lazy = (name, from) => Object.defineProperty(exports, name, { get: () => require(from)[name], enumerable: true, configurable: true });
lazy('URL', 'internal/url');
lazy('URLSearchParams', 'internal/searchparams');
for (const name of ['Url', 'parse', 'format', 'resolve', 'resolveObject']) lazy(name, 'internal/url_legacy');
const { make, invalidType } = require('internal/errors');
Object.assign(exports, {
  domainToASCII: (d) => native.domainToASCII(`${d}`),
  domainToUnicode: (d) => native.domainToUnicode(`${d}`),
  fileURLToPath(u) {
    if (typeof u === 'string') u = new exports.URL(u);
    else if (u === null || typeof u !== 'object' || !u.href) throw invalidType('path', 'of type string or an instance of URL', u);
    if (u.protocol !== 'file:') throw make(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
    if (u.hostname !== '') throw make(TypeError, 'ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty on linux');
    if (/%2f/i.test(u.pathname)) throw make(TypeError, 'ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters');
    return decodeURIComponent(u.pathname);
  },
  pathToFileURL(path) {
    const full = require('path').resolve(path) + (/\/$/.test(path) && path !== '/' ? '/' : '');
    return new exports.URL(`file://${full.replace(/%/g, '%25').replace(/\\/g, '%5C').replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/\t/g, '%09').replace(/\?/g, '%3F').replace(/#/g, '%23')}`);
  },
  urlToHttpOptions(u) {
    const bare = u.hostname.replace(/^\[|\]$/g, '');
    const o = { __proto__: null, ...u, protocol: u.protocol, hostname: bare, hash: u.hash, search: u.search, pathname: u.pathname, path: `${u.pathname || ''}${u.search || ''}`, href: u.href };
    if (u.port !== '') o.port = Number(u.port);
    if (u.username || u.password) o.auth = `${decodeURIComponent(u.username)}:${decodeURIComponent(u.password)}`;
    return o;
  },
});
