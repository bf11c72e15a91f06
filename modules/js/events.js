'use strict';
const errors = () => require('internal/errors');
const errorMonitor = Symbol('events.errorMonitor');
const captureRejectionSymbol = Symbol.for('nodejs.rejection');
const has = (o, k) => Object.prototype.hasOwnProperty.call(o, k);
const checkListener = (f) => { if (typeof f !== 'function') throw errors().invalidType('listener', 'of type function', f); };

// Emitters are often made by EventEmitter.call(this), so this is no class.
function EventEmitter(options) { EventEmitter.init.call(this, options); }
EventEmitter.prototype._events = undefined;
EventEmitter.prototype._eventsCount = 0;
EventEmitter.prototype._maxListeners = undefined;
EventEmitter.defaultMaxListeners = 10;
EventEmitter.init = function () {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = Object.create(null);
    this._eventsCount = 0;
  }
  this._maxListeners = this._maxListeners || undefined;
};
// _events holds a function, or an array of several, for each name.
const eventsOf = (e) => {
  if (e._events === undefined) { e._events = Object.create(null); e._eventsCount = 0; }
  return e._events;
};
const max = (e) => e._maxListeners === undefined ? EventEmitter.defaultMaxListeners : e._maxListeners;

function add(e, type, listener, first) {
  checkListener(listener);
  let events = eventsOf(e);
  if (events.newListener !== undefined) {
    e.emit('newListener', type, listener.listener ? listener.listener : listener);
    events = e._events;
  }
  const had = events[type];
  if (had === undefined) {
    events[type] = listener;
    e._eventsCount++;
    return e;
  }
  const list = typeof had === 'function' ? (events[type] = first ? [listener, had] : [had, listener]) : had;
  if (list === had) first ? had.unshift(listener) : had.push(listener);
  const m = max(e);
  if (m > 0 && list.length > m && !list.warned) {
    list.warned = true;
    console.warn(`MaxListenersExceededWarning: Possible EventEmitter memory leak detected. ${list.length} ${String(type)} listeners added to ${e.constructor && e.constructor.name || 'EventEmitter'}. Use emitter.setMaxListeners() to increase limit`);
  }
  return e;
}
const onceWrapper = (e, type, listener) => {
  checkListener(listener);
  let fired = false;
  function wrapped(...args) {
    if (fired) return undefined;
    fired = true;
    e.removeListener(type, wrapped);
    return Reflect.apply(listener, e, args);
  }
  wrapped.listener = listener;
  return wrapped;
};

function noListener(e, args) {
  const er = args[0];
  if (er instanceof Error) throw er;
  const { inspect } = require('internal/inspect');
  let text;
  try { text = inspect(er); } catch (x) { text = er; }
  const error = errors().make(Error, 'ERR_UNHANDLED_ERROR', `Unhandled error. (${text})`);
  error.context = er;
  throw error;
}

const methods = {
  setMaxListeners(n) {
    if (typeof n !== 'number' || n < 0 || Number.isNaN(n)) throw errors().outOfRange('n', 'a non-negative number', n);
    this._maxListeners = n;
    return this;
  },
  getMaxListeners() { return max(this); },
  emit(type, ...args) {
    const events = this._events;
    if (type === 'error') {
      if (events !== undefined && events[errorMonitor] !== undefined) this.emit(errorMonitor, ...args);
      if (events === undefined || events.error === undefined) noListener(this, args);
    }
    const handler = events === undefined ? undefined : events[type];
    if (handler === undefined) return false;
    if (typeof handler === 'function') {
      Reflect.apply(handler, this, args);
    } else {
      for (const f of handler.slice()) Reflect.apply(f, this, args);
    }
    return true;
  },
  addListener(type, f) { return add(this, type, f, false); },
  prependListener(type, f) { return add(this, type, f, true); },
  once(type, f) { return this.on(type, onceWrapper(this, type, f)); },
  prependOnceListener(type, f) { return this.prependListener(type, onceWrapper(this, type, f)); },
  removeListener(type, f) {
    checkListener(f);
    const events = this._events;
    const list = events === undefined ? undefined : events[type];
    if (list === undefined) return this;
    if (list === f || list.listener === f) {
      this._eventsCount--;
      delete events[type];
      if (events.removeListener !== undefined) this.emit('removeListener', type, list.listener || f);
    } else if (typeof list !== 'function') {
      let i = list.length - 1;
      while (i >= 0 && list[i] !== f && list[i].listener !== f) i--;
      if (i < 0) return this;
      if (i === 0) list.shift();
      else list.splice(i, 1);
      if (list.length === 1) events[type] = list[0];
      if (events.removeListener !== undefined) this.emit('removeListener', type, f);
    }
    return this;
  },
  removeAllListeners(type) {
    const events = this._events;
    if (events === undefined) return this;
    if (events.removeListener === undefined) {
      if (arguments.length === 0) {
        this._events = Object.create(null);
        this._eventsCount = 0;
      } else if (events[type] !== undefined) {
        this._eventsCount--;
        delete events[type];
      }
      return this;
    }
    if (arguments.length === 0) {
      for (const k of Reflect.ownKeys(events)) if (k !== 'removeListener') this.removeAllListeners(k);
      this.removeAllListeners('removeListener');
      return this;
    }
    for (const f of this.rawListeners(type).reverse()) this.removeListener(type, f);
    return this;
  },
  listeners(type) { return this.rawListeners(type).map((f) => f.listener || f); },
  rawListeners(type) {
    const list = this._events === undefined ? undefined : this._events[type];
    return list === undefined ? [] : typeof list === 'function' ? [list] : list.slice();
  },
  listenerCount(type, f) {
    const all = this.rawListeners(type);
    return f === undefined || f === null ? all.length : all.filter((g) => g === f || g.listener === f).length;
  },
  eventNames() { return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : []; },
};
Object.assign(EventEmitter.prototype, methods);
EventEmitter.prototype.on = EventEmitter.prototype.addListener;
EventEmitter.prototype.off = EventEmitter.prototype.removeListener;

// Iterators and promises of events are rare, and name symbols that the engine lacks:
// they come when first called.
function once(emitter, name, options) { return require('internal/events_more').once(emitter, name, options); }
function on(emitter, name, options) { return require('internal/events_more').on(emitter, name, options); }

Object.assign(EventEmitter, {
  EventEmitter, errorMonitor, captureRejectionSymbol, once, on,
  usingDomains: false,
  captureRejections: false,
  listenerCount: (e, type) => typeof e.listenerCount === 'function' ? e.listenerCount(type) : EventEmitter.prototype.listenerCount.call(e, type),
  getEventListeners: (e, type) => typeof e.listeners === 'function' ? e.listeners(type) : [],
  getMaxListeners: (e) => typeof e.getMaxListeners === 'function' ? e.getMaxListeners() : EventEmitter.defaultMaxListeners,
  setMaxListeners(n = EventEmitter.defaultMaxListeners, ...targets) {
    if (targets.length === 0) EventEmitter.defaultMaxListeners = n;
    for (const e of targets) if (typeof e.setMaxListeners === 'function') e.setMaxListeners(n);
  },
  addAbortListener(signal, listener) { return require('internal/events_more').addAbortListener(signal, listener); },
});
Object.defineProperty(EventEmitter, 'EventEmitterAsyncResource', { get: () => EventEmitter, configurable: true });
module.exports = EventEmitter;
