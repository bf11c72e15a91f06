'use strict';
const advice = 'scripts cannot start processes; call a web service with fetch';
Object.assign(exports, require('internal/npm/refuse')(advice, ['spawn', 'spawnSync', 'fork', 'execSync', 'execFileSync']));
// Packages ask the system for its name, and do without when that fails.
exports.exec = exports.execFile = function (command) {
  const cb = arguments[arguments.length - 1];
  const e = Object.assign(new Error('spawn ' + command + ' EPERM'), { errno: -1, code: 'EPERM', syscall: 'spawn ' + command, path: command, hint: advice });
  if (typeof cb !== 'function') throw e;
  process.nextTick(cb, e, '', '');
};
