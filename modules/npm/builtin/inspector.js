'use strict';
Object.assign(exports, require('internal/npm/refuse')('the engine has no inspector', ['open', 'close', 'Session', 'waitForDebugger']));
exports.url = () => undefined;
