'use strict';
Object.assign(exports, require('internal/npm/refuse')('the engine is not V8', ['serialize', 'deserialize', 'getHeapSnapshot', 'writeHeapSnapshot', 'getHeapStatistics', 'setFlagsFromString', 'startupSnapshot']));
