'use strict';
Object.assign(exports, require('internal/npm/refuse')('scripts cannot compile other code in contexts', ['runInContext', 'runInNewContext', 'runInThisContext', 'createContext', 'compileFunction', 'Script']));
exports.isContext = () => false;
