'use strict';
// The names whose addresses this realm was told: address → name.
module.exports = new Map();
