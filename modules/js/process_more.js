'use strict';
// The seldom used part of process.
module.exports = (process, start) => {
  const self = () => process;
  const gone = (what) => () => { throw new Error(`process.${what} is not available in a rule: call callback`); };
  const writer = (level) => ({
    fd: level === 'log' ? 1 : 2, isTTY: false, writable: true, columns: 80,
    write(text, encoding, callback) {
      console[level](String(text).replace(/\n$/, ''));
      if (typeof encoding === 'function') callback = encoding;
      if (typeof callback === 'function') process.nextTick(callback);
      return true;
    },
    end() {}, on: self, once: self, emit: () => false, removeListener: self,
  });
  return {
    argv0: 'node', features: { inspector: false, debug: false, tls: true }, config: { target_defaults: {}, variables: {} },
    chdir: gone('chdir'), umask: () => 18, uptime: () => (Date.now() - start) / 1000,
    getuid: () => 1000, geteuid: () => 1000, getgid: () => 1000, getegid: () => 1000, getgroups: () => [1000],
    memoryUsage: Object.assign(() => ({ rss: 67108864, heapTotal: 33554432, heapUsed: 16777216, external: 1048576, arrayBuffers: 65536 }), { rss: () => 67108864 }),
    cpuUsage: () => ({ user: 0, system: 0 }), resourceUsage: () => ({}), constrainedMemory: () => 134217728, availableMemory: () => 67108864,
    emitWarning(warning, type) {
      const o = typeof type === 'object' && type !== null ? type : { type };
      console.warn(`(${typeof warning === 'string' ? o.type || 'Warning' : warning.name}) ${typeof warning === 'string' ? warning : warning.message}`);
    },
    // Handlers are taken and never called: the host deals with what a script
    // leaves uncaught, and ends the run itself.
    on: self, once: self, off: self, addListener: self, removeListener: self, prependListener: self, prependOnceListener: self, removeAllListeners: self, setMaxListeners: self,
    emit: () => false, listeners: () => [], rawListeners: () => [], listenerCount: () => 0, eventNames: () => [], getMaxListeners: () => 10,
    exit: gone('exit'), abort: gone('abort'), kill: gone('kill'), reallyExit: gone('reallyExit'), binding: gone('binding'), dlopen: gone('dlopen'),
    setUncaughtExceptionCaptureCallback() {}, hasUncaughtExceptionCaptureCallback: () => false,
    stdout: writer('log'), stderr: writer('error'),
    stdin: { fd: 0, isTTY: false, readable: false, on: self, once: self, resume: self, pause: self, read: () => null, setEncoding: self },
  };
};
