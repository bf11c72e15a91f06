// Event and EventTarget.
'use strict';
const { make, invalidType } = require('internal/errors');
const kStop = Symbol('stop'), kTarget = Symbol('target'), kListeners = Symbol('listeners'), kFlags = Symbol('flags');

class Event {
  constructor(type, options) {
    if (arguments.length === 0) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "type" argument must be specified');
    if (options !== undefined && options !== null && typeof options !== 'object') throw invalidType('options', 'of type object', options);
    const o = options || {};
    Object.defineProperty(this, kFlags, { value: { type: `${type}`, bubbles: !!o.bubbles, cancelable: !!o.cancelable, composed: !!o.composed, prevented: false, time: Date.now() } });
    Object.defineProperty(this, kTarget, { value: null, writable: true });
    Object.defineProperty(this, kStop, { value: false, writable: true });
  }
  get type() { return this[kFlags].type; }
  get target() { return this[kTarget]; }
  get currentTarget() { return this[kTarget]; }
  get srcElement() { return this[kTarget]; }
  get bubbles() { return this[kFlags].bubbles; }
  get cancelable() { return this[kFlags].cancelable; }
  get composed() { return this[kFlags].composed; }
  get defaultPrevented() { return this[kFlags].prevented; }
  get returnValue() { return !this[kFlags].prevented; }
  get timeStamp() { return this[kFlags].time; }
  get isTrusted() { return false; }
  get eventPhase() { return this[kFlags].dispatching ? 2 : 0; }
  preventDefault() { if (this[kFlags].cancelable) this[kFlags].prevented = true; }
  stopPropagation() { this[kFlags].stopped = true; }
  stopImmediatePropagation() { this[kStop] = true; }
  composedPath() { return this[kFlags].dispatching ? [this[kTarget]] : []; }
}
Object.defineProperty(Event.prototype, Symbol.toStringTag, { value: 'Event', configurable: true });
class CustomEvent extends Event {
  #detail;
  constructor(type, options) {
    super(type, options);
    this.#detail = options && options.detail !== undefined ? options.detail : null;
  }
  get detail() { return this.#detail; }
}

class EventTarget {
  constructor() { Object.defineProperty(this, kListeners, { value: new Map(), configurable: true }); }
  addEventListener(type, listener, options) {
    if (arguments.length < 2) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "type" and "listener" arguments must be specified');
    if (listener === null || listener === undefined) return;
    if (typeof listener !== 'function' && typeof listener !== 'object') throw invalidType('listener', 'an instance of EventListener', listener);
    const o = typeof options === 'boolean' ? { capture: options } : options || {};
    if (o.signal && o.signal.aborted) return;
    type = `${type}`;
    const list = this[kListeners].get(type) || [];
    if (list.some((l) => l.listener === listener && l.capture === !!o.capture)) return;
    this[kListeners].set(type, list.concat({ listener, capture: !!o.capture, once: !!o.once }));
    if (o.signal) o.signal.addEventListener('abort', () => this.removeEventListener(type, listener, o), { once: true });
  }
  removeEventListener(type, listener, options) {
    const capture = typeof options === 'boolean' ? options : Boolean(options && options.capture);
    const list = this[kListeners].get(`${type}`);
    if (list) this[kListeners].set(`${type}`, list.filter((l) => l.listener !== listener || l.capture !== capture));
  }
  dispatchEvent(event) {
    if (!(event instanceof Event)) throw invalidType('event', 'an instance of Event', event);
    if (event[kFlags].dispatching) throw make(Error, 'ERR_EVENT_RECURSION', `The event "${event.type}" is already being dispatched`);
    event[kTarget] = this;
    event[kFlags].dispatching = true;
    for (const l of this[kListeners].get(event.type) || []) {
      if (!(this[kListeners].get(event.type) || []).includes(l)) continue;
      if (l.once) this.removeEventListener(event.type, l.listener, l.capture);
      try {
        if (typeof l.listener === 'function') l.listener.call(this, event);
        else if (typeof l.listener.handleEvent === 'function') l.listener.handleEvent(event);
      } catch (e) {
        // A listener's error must not stop the others; it ends the run as Node's does.
        queueMicrotask(() => { throw e; });
      }
      if (event[kStop]) break;
    }
    event[kFlags].dispatching = false;
    return !event.defaultPrevented;
  }
}
Object.defineProperty(EventTarget.prototype, Symbol.toStringTag, { value: 'EventTarget', configurable: true });
module.exports = { Event, CustomEvent, EventTarget };
require('internal/abort').link(EventTarget);
