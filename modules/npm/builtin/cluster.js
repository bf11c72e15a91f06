'use strict';
Object.assign(exports, require('internal/npm/refuse')('scripts cannot start processes', ['fork', 'setupPrimary', 'setupMaster']));
Object.assign(exports, { isMaster: true, isPrimary: true, isWorker: false, workers: {}, settings: {} });
