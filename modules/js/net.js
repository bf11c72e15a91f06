'use strict';
// TCP sockets over the dial broker. The machinery is in internal/net.
const I = () => require('internal/net');
const isIP = (s) => native.isIP(String(s));
const connect = (...args) => {
  const { Socket, argumentsOf } = I();
  const [options, callback] = argumentsOf(args);
  const socket = new Socket(options);
  if (options.timeout) socket.setTimeout(options.timeout);
  return socket.connect(options, callback);
};
let autoSelect = true, attempt = 250;
module.exports = {
  isIP,
  isIPv4: (s) => isIP(s) === 4,
  isIPv6: (s) => isIP(s) === 6,
  connect,
  createConnection: connect,
  get Socket() { return I().Socket; },
  get Stream() { return I().Socket; },
  get Server() { return I().Server; },
  createServer: (...args) => new (I().Server)(...args),
  getDefaultAutoSelectFamily: () => autoSelect,
  setDefaultAutoSelectFamily: (v) => { autoSelect = Boolean(v); },
  getDefaultAutoSelectFamilyAttemptTimeout: () => attempt,
  setDefaultAutoSelectFamilyAttemptTimeout: (ms) => { attempt = Number(ms); },
};
