'use strict';
const channels = new Map();

class Channel {
  #subscribers = [];
  constructor(name) { this.name = name; }
  get hasSubscribers() { return this.#subscribers.length > 0; }
  subscribe(fn) { this.#subscribers = [...this.#subscribers, fn]; }
  unsubscribe(fn) {
    const left = this.#subscribers.filter((s) => s !== fn);
    const found = left.length !== this.#subscribers.length;
    this.#subscribers = left;
    return found;
  }
  publish(message) {
    for (const fn of this.#subscribers) fn(message, this.name);
  }
  runStores(data, fn, self, ...args) {
    this.publish(data);
    return Reflect.apply(fn, self, args);
  }
}

function channel(name) {
  if (!channels.has(name)) channels.set(name, new Channel(name));
  return channels.get(name);
}

const events = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];
function tracingChannel(name) {
  const t = {};
  for (const e of events) t[e] = typeof name === 'string' ? channel('tracing:' + name + ':' + e) : name[e];
  t.subscribe = (handlers) => events.forEach((e) => handlers[e] && t[e].subscribe(handlers[e]));
  t.unsubscribe = (handlers) => events.every((e) => !handlers[e] || t[e].unsubscribe(handlers[e]));
  t.traceSync = (fn, context = {}, self, ...args) => t.start.runStores(context, () => {
    try {
      return (context.result = Reflect.apply(fn, self, args));
    } catch (e) {
      context.error = e;
      t.error.publish(context);
      throw e;
    } finally {
      t.end.publish(context);
    }
  });
  t.tracePromise = (fn, context = {}, self, ...args) => {
    const settled = (key, e) => (v) => {
      context[key] = v;
      if (e) t.error.publish(context);
      t.asyncStart.publish(context);
      t.asyncEnd.publish(context);
      if (e) throw v;
      return v;
    };
    t.start.publish(context);
    try {
      return Promise.resolve(Reflect.apply(fn, self, args)).then(settled('result', false), settled('error', true));
    } finally {
      t.end.publish(context);
    }
  };
  return t;
}

module.exports = {
  Channel, channel, tracingChannel,
  hasSubscribers: (name) => channels.has(name) && channels.get(name).hasSubscribers,
  subscribe: (name, fn) => channel(name).subscribe(fn),
  unsubscribe: (name, fn) => channel(name).unsubscribe(fn),
};
