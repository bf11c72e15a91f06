'use strict';
const { in_range: inRange } = require('range_check');
module.exports = (address) => ({ in_range: (ranges) => inRange(address, ranges) });
