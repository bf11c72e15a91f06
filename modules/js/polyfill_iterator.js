// Iterator and its helpers.
'use strict';
const proto = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

function Iterator() {
  if (new.target === undefined || new.target === Iterator) throw new TypeError('Iterator cannot be constructed directly');
}
Object.defineProperty(Iterator, 'prototype', { value: proto, writable: false, enumerable: false, configurable: false });

function hidden(o, key, value) {
  Object.defineProperty(o, key, { value, writable: true, configurable: true, enumerable: false });
}
function object(it) {
  if (it === null || typeof it !== 'object' && typeof it !== 'function') throw new TypeError('Iterator helper called on a non-object');
  return it;
}
function close(it) {
  const f = it.return;
  if (f !== undefined && f !== null) f.call(it);
}
function callable(it, f) {
  if (typeof f !== 'function') {
    close(it);
    throw new TypeError('the callback is not a function');
  }
}
function step(it, next) {
  const r = next.call(it);
  if (r === null || typeof r !== 'object' && typeof r !== 'function') throw new TypeError('Iterator result is not an object');
  return r;
}
// guarded calls f and closes the iterator if it throws.
function guarded(it, f, a, b) {
  try { return f(a, b); } catch (e) {
    try { close(it); } catch (_) { /* the first error counts */ }
    throw e;
  }
}
function count(it, n) {
  const v = Number(n);
  if (v !== v || Math.trunc(v) < 0) {
    close(it);
    throw new RangeError(`${String(n)} must be positive`);
  }
  return Math.trunc(v);
}

const HelperProto = Object.create(proto);
const generator = Object.getPrototypeOf(function* () {}).prototype;
const running = new WeakMap();
function helper(gen, it) {
  const h = Object.create(HelperProto);
  running.set(h, { gen, it, started: false });
  return h;
}
hidden(HelperProto, 'next', function next() {
  const s = running.get(this);
  if (!s) throw new TypeError('not an Iterator Helper');
  s.started = true;
  return generator.next.call(s.gen);
});
hidden(HelperProto, 'return', { return() {
  const s = running.get(this);
  if (!s) throw new TypeError('not an Iterator Helper');
  if (!s.started) {
    s.started = true;
    close(s.it);
  }
  return generator.return.call(s.gen, undefined);
} }.return);
Object.defineProperty(HelperProto, Symbol.toStringTag, { value: 'Iterator Helper', configurable: true });

// pump makes a helper of a generator that sees each value and may end early; the
// source iterator is closed when the consumer stops before its end.
function pump(it, body) {
  const next = it.next;
  return helper((function* () {
    let ended = false;
    try {
      yield* body(() => {
        let r;
        try { r = step(it, next); } catch (e) { ended = true; throw e; }
        if (r.done) ended = true;
        return r;
      });
    } catch (e) {
      if (!ended) { ended = true; try { close(it); } catch (_) { /* the first error counts */ } }
      throw e;
    } finally {
      if (!ended) close(it);
    }
  })(), it);
}

function flatten(v) {
  if (v === null || typeof v !== 'object') throw new TypeError('flatMap needs an iterable');
  const m = v[Symbol.iterator];
  const it = m === undefined || m === null ? v : m.call(v);
  return object(it);
}

const lazy = {
  map(f) {
    callable(object(this), f);
    return pump(this, function* (pull) {
      for (let i = 0, r; !(r = pull()).done;) yield f(r.value, i++);
    });
  },
  filter(f) {
    callable(object(this), f);
    return pump(this, function* (pull) {
      for (let i = 0, r; !(r = pull()).done;) if (f(r.value, i++)) yield r.value;
    });
  },
  take(limit) {
    const n = count(object(this), limit);
    return pump(this, function* (pull) {
      for (let i = 0, r; i < n && !(r = pull()).done; i++) yield r.value;
    });
  },
  drop(limit) {
    const n = count(object(this), limit);
    return pump(this, function* (pull) {
      for (let i = 0, r; !(r = pull()).done; i++) if (i >= n) yield r.value;
    });
  },
  flatMap(f) {
    callable(object(this), f);
    return pump(this, function* (pull) {
      for (let i = 0, r; !(r = pull()).done;) {
        const inner = flatten(f(r.value, i++)), next = inner.next;
        let open = true;
        try {
          for (let s; !(s = step(inner, next)).done;) yield s.value;
          open = false;
        } catch (e) { open = false; throw e; } finally { if (open) close(inner); }
      }
    });
  },
};

const eager = {
  reduce(f, ...initial) {
    callable(object(this), f);
    const next = this.next;
    let acc, i = 0;
    if (initial.length) acc = initial[0];
    else {
      const r = step(this, next);
      if (r.done) throw new TypeError('Reduce of a done iterator with no initial value');
      acc = r.value;
      i = 1;
    }
    for (let r; !(r = step(this, next)).done; i++) acc = guarded(this, (v, k) => f(acc, v, k), r.value, i);
    return acc;
  },
  toArray() {
    const next = object(this).next, out = [];
    for (let r; !(r = step(this, next)).done;) out.push(r.value);
    return out;
  },
  forEach(f) {
    callable(object(this), f);
    const next = this.next;
    for (let i = 0, r; !(r = step(this, next)).done;) guarded(this, f, r.value, i++);
  },
  some(f) {
    callable(object(this), f);
    const next = this.next;
    for (let i = 0, r; !(r = step(this, next)).done;) if (guarded(this, f, r.value, i++)) { close(this); return true; }
    return false;
  },
  every(f) {
    callable(object(this), f);
    const next = this.next;
    for (let i = 0, r; !(r = step(this, next)).done;) if (!guarded(this, f, r.value, i++)) { close(this); return false; }
    return true;
  },
  find(f) {
    callable(object(this), f);
    const next = this.next;
    for (let i = 0, r; !(r = step(this, next)).done;) if (guarded(this, f, r.value, i++)) { close(this); return r.value; }
    return undefined;
  },
};
for (const set of [lazy, eager]) for (const k of Object.keys(set)) if (!(k in proto)) hidden(proto, k, set[k]);

const WrapProto = Object.create(proto);
hidden(WrapProto, 'next', function next() { return this.it.next(); });
hidden(WrapProto, 'return', function () { const f = this.it.return; return f === undefined ? { value: undefined, done: true } : f.call(this.it); });
hidden(Iterator, 'from', function from(o) {
  if (typeof o !== 'string' && (o === null || typeof o !== 'object' && typeof o !== 'function')) throw new TypeError('Iterator.from needs an object');
  const m = o[Symbol.iterator];
  const it = m === undefined || m === null ? o : m.call(o);
  object(it);
  if (it instanceof Iterator) return it;
  const w = Object.create(WrapProto);
  hidden(w, 'it', it);
  return w;
});
if (!Object.prototype.hasOwnProperty.call(proto, 'constructor')) hidden(proto, 'constructor', Iterator);
if (!(Symbol.toStringTag in proto)) Object.defineProperty(proto, Symbol.toStringTag, { value: 'Iterator', writable: true, configurable: true });
hidden(globalThis, 'Iterator', Iterator);
