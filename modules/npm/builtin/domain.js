'use strict';
const EventEmitter = require('events');

// A domain that catches what is thrown while it runs, and the errors of the
// emitters that were added. It does not follow callbacks that nobody has bound.
class Domain extends EventEmitter {
  constructor() {
    super();
    this.members = [];
  }
  enter() {
    stack.push(this);
    exports.active = this;
  }
  exit() {
    const i = stack.lastIndexOf(this);
    if (i >= 0) stack.splice(i);
    exports.active = stack[stack.length - 1];
  }
  run(fn, ...args) {
    this.enter();
    try {
      return fn.apply(this, args);
    } catch (e) {
      if (!this.listenerCount('error')) throw e;
      this.emit('error', e);
    } finally {
      this.exit();
    }
  }
  bind(fn) {
    const domain = this;
    return function (...args) { return domain.run(() => fn.apply(this, args)); };
  }
  intercept(fn) {
    const domain = this;
    return function (err, ...args) {
      if (err) return domain.emit('error', err);
      return domain.run(() => fn.apply(this, args));
    };
  }
  add(emitter) {
    if (this.members.includes(emitter)) return;
    this.members.push(emitter);
    if (typeof emitter.on === 'function') emitter.on('error', (e) => this.emit('error', e));
  }
  remove(emitter) { this.members = this.members.filter((m) => m !== emitter); }
}

const stack = [];
exports.Domain = Domain;
exports.create = exports.createDomain = () => new Domain();
exports.active = undefined;
