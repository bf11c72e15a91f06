'use strict';
const refuse = require('internal/npm/refuse')('there are no files here', ['createRequire', 'findSourceMap', '_load']);
module.exports = function Module() { refuse._load(); };
Object.assign(module.exports, refuse, { builtinModules: [], Module: module.exports, _extensions: {}, _cache: {} });
