'use strict';
// The store is there while run() runs, and in what was bound in it; it does not
// follow an await or a timer.
class AsyncLocalStorage {
  #store;
  #enabled = false;
  run(store, fn, ...args) {
    const before = [this.#store, this.#enabled];
    this.#store = store;
    this.#enabled = true;
    try {
      return fn(...args);
    } finally {
      [this.#store, this.#enabled] = before;
    }
  }
  exit(fn, ...args) { return this.run(undefined, fn, ...args); }
  getStore() { return this.#enabled ? this.#store : undefined; }
  enterWith(store) {
    this.#store = store;
    this.#enabled = true;
  }
  disable() { this.#enabled = false; }
  static bind(fn) { return fn; }
  static snapshot() { return (fn, ...args) => fn(...args); }
}

let ids = 1;
class AsyncResource {
  #id = ++ids;
  constructor(type) { this.type = type; }
  runInAsyncScope(fn, self, ...args) { return Reflect.apply(fn, self, args); }
  bind(fn, self) { return self === undefined ? fn : fn.bind(self); }
  static bind(fn, type, self) { return self === undefined ? fn : fn.bind(self); }
  emitDestroy() { return this; }
  asyncId() { return this.#id; }
  triggerAsyncId() { return 1; }
}

module.exports = {
  AsyncLocalStorage, AsyncResource,
  createHook: () => ({ enable() { return this; }, disable() { return this; } }),
  executionAsyncId: () => 1,
  triggerAsyncId: () => 0,
  executionAsyncResource: () => ({}),
};
