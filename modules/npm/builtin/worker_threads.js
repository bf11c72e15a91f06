'use strict';
Object.assign(exports, require('internal/npm/refuse')('scripts cannot start threads', ['Worker', 'receiveMessageOnPort', 'moveMessagePortToContext']));
Object.assign(exports, { isMainThread: true, parentPort: null, workerData: null, threadId: 0, resourceLimits: {} });
