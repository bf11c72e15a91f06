// AbortController and AbortSignal. A signal becomes an EventTarget in full, and
// loads that, only when it is listened to.
'use strict';
const key = Symbol('constructor');
let make; // gives a signal and the function that aborts it
const exception = (message, name) => new (require('internal/domexception'))(message, name);
const illegal = () => require('internal/errors').make(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');

class AbortSignal {
  #aborted = false;
  #reason;
  #target;
  #handler = null;
  #followers;
  constructor(k) { if (k !== key) throw illegal(); }
  get aborted() { return this.#aborted; }
  get reason() { return this.#reason; }
  get onabort() { return this.#handler; }
  set onabort(f) {
    if (typeof this.#handler === 'function') this.removeEventListener('abort', this.#handler);
    this.#handler = typeof f === 'function' ? f : null;
    if (this.#handler) this.addEventListener('abort', this.#handler);
  }
  throwIfAborted() { if (this.#aborted) throw this.#reason; }
  #events() {
    if (!this.#target) {
      const { EventTarget } = require('internal/eventtarget');
      // The three methods of EventTarget work on this object's own state.
      this.#target = EventTarget.prototype;
      const own = new EventTarget();
      for (const s of Object.getOwnPropertySymbols(own)) Object.defineProperty(this, s, { value: own[s] });
    }
    return this.#target;
  }
  addEventListener(...args) { this.#events().addEventListener.apply(this, args); }
  removeEventListener(...args) { this.#events().removeEventListener.apply(this, args); }
  dispatchEvent(event) { return this.#events().dispatchEvent.call(this, event); }
  static #abort(signal, reason) {
    if (signal.#aborted) return;
    signal.#aborted = true;
    signal.#reason = reason === undefined ? exception('This operation was aborted', 'AbortError') : reason;
    if (signal.#target) signal.dispatchEvent(new (require('internal/eventtarget').Event)('abort'));
    for (const s of signal.#followers || []) AbortSignal.#abort(s, signal.#reason);
  }
  static _controller() {
    const signal = new AbortSignal(key);
    return [signal, (reason) => AbortSignal.#abort(signal, reason)];
  }
  static abort(reason) {
    const [signal, abort] = make();
    abort(reason);
    return signal;
  }
  static timeout(ms) {
    if (typeof ms !== 'number') throw require('internal/errors').invalidType('delay', 'of type number', ms);
    if (!(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER)) throw require('internal/errors').outOfRange('delay', '>= 0 && <= 9007199254740991', ms);
    const [signal, abort] = make();
    const timer = setTimeout(() => abort(exception('The operation was aborted due to timeout', 'TimeoutError')), ms);
    if (timer && timer.unref) timer.unref();
    return signal;
  }
  static any(signals) {
    const [signal, abort] = make();
    const list = [...signals];
    const first = list.find((s) => s.aborted);
    if (first) abort(first.reason);
    else for (const s of list) (s.#followers || (s.#followers = [])).push(signal);
    return signal;
  }
  [Symbol.for('nodejs.util.inspect.custom')]() { return `AbortSignal { aborted: ${this.#aborted} }`; }
}
make = AbortSignal._controller;
delete AbortSignal._controller;
Object.defineProperty(AbortSignal.prototype, Symbol.toStringTag, { value: 'AbortSignal', configurable: true });

class AbortController {
  #signal;
  #abort;
  get signal() {
    if (!this.#signal) [this.#signal, this.#abort] = make();
    return this.#signal;
  }
  abort(reason) {
    this.signal; // makes #abort
    this.#abort(reason);
  }
  [Symbol.for('nodejs.util.inspect.custom')]() { return `AbortController { signal: AbortSignal { aborted: ${this.signal.aborted} } }`; }
}
Object.defineProperty(AbortController.prototype, Symbol.toStringTag, { value: 'AbortController', configurable: true });
// A signal is an EventTarget to instanceof, once there is such a class to ask.
const link = (EventTarget) => { Object.setPrototypeOf(AbortSignal.prototype, EventTarget.prototype); };
module.exports = { AbortController, AbortSignal, link };
