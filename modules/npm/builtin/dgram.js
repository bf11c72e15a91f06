'use strict';
Object.assign(exports, require('internal/npm/refuse')('scripts cannot send datagrams; call out with fetch or http', ['createSocket', 'Socket']));
