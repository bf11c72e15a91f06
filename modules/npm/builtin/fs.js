'use strict';
// A file system without any file, which cannot be written to. Packages look for
// configuration, certificates or templates and go on without them.
const { Readable, Writable } = require('stream');

function failure(code, errno, text, syscall, path) {
  const e = new Error(code + ': ' + text + ', ' + syscall + (path === undefined ? '' : " '" + path + "'"));
  e.errno = errno;
  e.code = code;
  e.syscall = syscall;
  if (path !== undefined) e.path = String(path);
  e.hint = 'there is no file system here; put the data into configuration or secrets, or fetch it';
  return e;
}
const absent = (syscall) => (path) => failure('ENOENT', -2, 'no such file or directory', syscall, path);
const readOnly = (syscall) => (path) => failure('EROFS', -30, 'read-only file system', syscall, path);
const noDescriptor = (syscall) => () => failure('EBADF', -9, 'bad file descriptor', syscall);

// What each function fails with, by its name without Sync.
const calls = {
  access: absent('access'), chmod: absent('chmod'), chown: absent('chown'), lchown: absent('lchown'),
  copyFile: absent('copyfile'), cp: absent('cp'), lstat: absent('lstat'), lutimes: absent('lutimes'), open: absent('open'),
  opendir: absent('opendir'), readFile: absent('open'), readdir: absent('scandir'), readlink: absent('readlink'),
  realpath: absent('realpath'), rename: absent('rename'), rm: absent('rm'), rmdir: absent('rmdir'), stat: absent('stat'),
  statfs: absent('statfs'), truncate: absent('open'), unlink: absent('unlink'), utimes: absent('utime'),
  appendFile: readOnly('open'), link: readOnly('link'), mkdir: readOnly('mkdir'), mkdtemp: readOnly('mkdtemp'),
  symlink: readOnly('symlink'), writeFile: readOnly('open'),
  close: noDescriptor('close'), fchmod: noDescriptor('fchmod'), fchown: noDescriptor('fchown'), fdatasync: noDescriptor('fdatasync'),
  fstat: noDescriptor('fstat'), fsync: noDescriptor('fsync'), ftruncate: noDescriptor('ftruncate'), futimes: noDescriptor('futime'),
  read: noDescriptor('read'), readv: noDescriptor('read'), write: noDescriptor('write'), writev: noDescriptor('write'),
};

const promises = {};
for (const name of Object.keys(calls)) {
  exports[name] = function (path) {
    const cb = arguments[arguments.length - 1];
    if (typeof cb !== 'function') {
      throw Object.assign(new TypeError('The "cb" argument must be of type function. Received ' + typeof cb), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    process.nextTick(cb, calls[name](path));
  };
  exports[name + 'Sync'] = function (path, options) {
    if ((name === 'stat' || name === 'lstat') && options && options.throwIfNoEntry === false) return undefined;
    throw calls[name](path);
  };
  promises[name] = async function (path) { throw calls[name](path); };
}
exports.existsSync = () => false;
exports.exists = (path, cb) => process.nextTick(cb, false);
exports.realpath.native = exports.realpath;
exports.realpathSync.native = exports.realpathSync;
exports.watch = exports.watchFile = (path) => { throw calls.stat(path); };
exports.unwatchFile = () => {};

class ReadStream extends Readable {
  constructor(path) {
    super();
    this.path = path;
    process.nextTick(() => this.destroy(calls.readFile(path)));
  }
  _read() {}
}
class WriteStream extends Writable {
  constructor(path) {
    super();
    this.path = path;
    process.nextTick(() => this.destroy(calls.writeFile(path)));
  }
  _write(chunk, encoding, cb) { cb(calls.writeFile(this.path)); }
}
class Stats {}
class Dirent {}
Object.assign(exports, { ReadStream, WriteStream, FileReadStream: ReadStream, FileWriteStream: WriteStream, Stats, Dirent, promises });
exports.createReadStream = (path) => new ReadStream(path);
exports.createWriteStream = (path) => new WriteStream(path);
exports.constants = promises.constants = {
  F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_TRUNC: 512, O_APPEND: 1024,
  COPYFILE_EXCL: 1, S_IFMT: 61440, S_IFREG: 32768, S_IFDIR: 16384, S_IFLNK: 40960,
};
Object.assign(exports, exports.constants);
