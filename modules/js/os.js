// Harmless constants: nothing here tells of the machine.
'use strict';
const signals = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9, SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15, SIGCHLD: 17, SIGCONT: 18, SIGSTOP: 19 };
const errno = { E2BIG: 7, EACCES: 13, EADDRINUSE: 98, EADDRNOTAVAIL: 99, EAGAIN: 11, EALREADY: 114, EBADF: 9, EBUSY: 16, ECANCELED: 125, ECONNABORTED: 103, ECONNREFUSED: 111, ECONNRESET: 104, EEXIST: 17, EFAULT: 14,
  EHOSTUNREACH: 113, EINPROGRESS: 115, EINTR: 4, EINVAL: 22, EIO: 5, EISCONN: 106, EISDIR: 21, EMFILE: 24, EMSGSIZE: 90, ENETDOWN: 100, ENETUNREACH: 101, ENOENT: 2, ENOMEM: 12, ENOTCONN: 107, ENOTDIR: 20, ENOTFOUND: 3008, ENOTSUP: 95, EPERM: 1, EPIPE: 32, ETIMEDOUT: 110 };
module.exports = {
  EOL: '\n', devNull: '/dev/null',
  arch: () => 'x64', platform: () => 'linux', type: () => 'Linux', release: () => '6.1.0', version: () => '#1 SMP', machine: () => 'x86_64', endianness: () => 'LE',
  hostname: () => 'rulebox', homedir: () => '/', tmpdir: () => '/tmp',
  cpus: () => [{ model: 'rulebox', speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }],
  availableParallelism: () => 1, totalmem: () => 134217728, freemem: () => 67108864, loadavg: () => [0, 0, 0], uptime: () => 3600,
  networkInterfaces: () => ({}),
  userInfo: () => ({ uid: 65534, gid: 65534, username: 'nobody', homedir: '/', shell: null }),
  getPriority: () => 0, setPriority() {},
  constants: { UV_UDP_REUSEADDR: 4, dlopen: {}, errno, signals, priority: { PRIORITY_LOW: 19, PRIORITY_BELOW_NORMAL: 10, PRIORITY_NORMAL: 0, PRIORITY_ABOVE_NORMAL: -7, PRIORITY_HIGH: -14, PRIORITY_HIGHEST: -20 } },
  errnoName: (n) => Object.keys(errno).find((k) => errno[k] === -n) || `Unknown system error ${n}`,
};
Object.defineProperty(module.exports, 'errnoName', { enumerable: false });
