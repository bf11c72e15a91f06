// performance: coarse, so that it times nothing but the script itself.
'use strict';
const origin = Date.now() - native.now(); // now counts from the start of the process
const entries = [];
const now = () => native.now();
const entry = (name, entryType, startTime, duration, detail) => {
  const e = { name, entryType, startTime, duration, detail: detail === undefined ? null : detail };
  if (entries.length < 1000) entries.push(e);
  return e;
};
const timeOf = (v, missing) => {
  if (v === undefined) return missing;
  if (typeof v === 'number') return v;
  const m = entries.filter((e) => e.entryType === 'mark' && e.name === v).pop();
  if (!m) throw new (require('internal/domexception'))(`The "${v}" performance mark has not been set`, 'SyntaxError');
  return m.startTime;
};
const performance = {
  timeOrigin: origin,
  now,
  mark: (name, o) => entry(`${name}`, 'mark', o && o.startTime !== undefined ? o.startTime : now(), 0, o && o.detail),
  measure(name, from, to) {
    const o = from !== null && typeof from === 'object' ? from : { start: from, end: to };
    const end = timeOf(o.end, now()), start = timeOf(o.start, 0);
    return entry(`${name}`, 'measure', start, end - start, o.detail);
  },
  getEntries: () => entries.slice(),
  getEntriesByName: (name) => entries.filter((e) => e.name === name),
  getEntriesByType: (type) => entries.filter((e) => e.entryType === type),
  clearMarks(name) { clear('mark', name); },
  clearMeasures(name) { clear('measure', name); },
  eventLoopUtilization: () => ({ idle: 0, active: 0, utilization: 0 }),
  timerify: (f) => f,
  toJSON: () => ({ timeOrigin: origin, nodeTiming: {}, eventLoopUtilization: {} }),
};
const clear = (type, name) => {
  for (let i = entries.length - 1; i >= 0; i--) if (entries[i].entryType === type && (name === undefined || entries[i].name === name)) entries.splice(i, 1);
};
Object.defineProperty(performance, Symbol.toStringTag, { value: 'Performance', configurable: true });
module.exports = { performance, constants: {} };
