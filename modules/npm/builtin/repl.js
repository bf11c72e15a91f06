'use strict';
Object.assign(exports, require('internal/npm/refuse')('scripts have no terminal', ['start', 'REPLServer']));
