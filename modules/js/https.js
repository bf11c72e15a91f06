'use strict';
const I = () => require('internal/http');

module.exports = {
  request: (url, options, callback) => I().request('https:', url, options, callback),
  get: (url, options, callback) => I().get('https:', url, options, callback),
  get globalAgent() { return I().globalAgents['https:']; },
  set globalAgent(a) { I().globalAgents['https:'] = a; },
  get Agent() { return I().SecureAgent; },
  get Server() { return I().Server; },
  createServer: () => new (I().Server)(),
};
