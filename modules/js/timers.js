'use strict';
for (const k of ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate']) exports[k] = globalThis[k];
Object.defineProperty(exports, 'promises', { get: () => require('timers/promises'), enumerable: true, configurable: true });
