// WeakRef holds on and FinalizationRegistry never calls: within one login both
// are allowed to, and the realm ends with it.
'use strict';
const targets = new WeakMap();
function holdable(v) { return v !== null && (typeof v === 'object' || typeof v === 'function') || typeof v === 'symbol' && Symbol.keyFor(v) === undefined; }
exports.WeakRef = class WeakRef {
  constructor(target) {
    if (!holdable(target)) throw new TypeError('WeakRef: target must be an object');
    targets.set(this, target);
  }
  deref() {
    if (!targets.has(this)) throw new TypeError('WeakRef.prototype.deref called on an incompatible receiver');
    return targets.get(this);
  }
};
const registries = new WeakMap();
exports.FinalizationRegistry = class FinalizationRegistry {
  constructor(cleanup) {
    if (typeof cleanup !== 'function') throw new TypeError('FinalizationRegistry: cleanup must be callable');
    registries.set(this, new WeakMap());
  }
  register(target, held, token) {
    if (!holdable(target)) throw new TypeError('FinalizationRegistry.prototype.register: invalid target');
    if (target === held) throw new TypeError('FinalizationRegistry.prototype.register: target and holdings must not be same');
    if (token !== undefined && !holdable(token)) throw new TypeError('Invalid unregisterToken');
    if (token !== undefined && typeof token !== 'symbol') registries.get(this).set(token, true);
  }
  unregister(token) {
    if (!holdable(token)) throw new TypeError('Invalid unregisterToken');
    return typeof token !== 'symbol' && registries.get(this).delete(token);
  }
};
for (const name of ['WeakRef', 'FinalizationRegistry']) {
  Object.defineProperty(exports[name].prototype, Symbol.toStringTag, { value: name, configurable: true });
}
