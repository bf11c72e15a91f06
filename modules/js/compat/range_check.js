'use strict';
const one = (address, range) => native.inRange(String(address), String(range));
module.exports = {
  in_range: (address, ranges) => (Array.isArray(ranges) ? ranges.some((r) => one(address, r)) : one(address, ranges)),
  valid_ip: (s) => native.version(String(s)) !== 0,
  valid_range: (s) => /\//.test(s) && native.version(String(s).split('/')[0]) !== 0,
  ver: (s) => native.version(String(s)),
  vers: (s) => native.version(String(s)),
};
