'use strict';
// The package ip: IPv4 arithmetic and kinds of addresses.
const v4 = /^(\d{1,3}\.){3}\d{1,3}$/;
const isV4Format = (s) => v4.test(s);
const isV6Format = (s) => native.version(String(s)) === 6;

function toLong(s) {
  let n = 0;
  for (const part of String(s).split('.')) n = n * 256 + Number(part);
  return n >>> 0;
}
const fromLong = (n) => [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255].join('.');

function need(s) {
  if (native.version(String(s)) !== 4) throw new Error('Invalid ip address: ' + s);
  return toLong(s);
}
function fromPrefixLen(length, family) {
  if (length > 32 || String(family).toLowerCase() === 'ipv6') throw new Error('ip: masks of IPv6 are not available here');
  return fromLong(length > 0 ? 0xffffffff << 32 - length >>> 0 : 0);
}
const mask = (address, m) => fromLong((need(address) & need(m)) >>> 0);
function split(text) {
  const parts = String(text).split('/');
  if (parts.length !== 2) throw new Error('invalid CIDR subnet: ' + text);
  return [parts[0], fromPrefixLen(parseInt(parts[1], 10))];
}
const cidr = (text) => mask(...split(text));

function subnet(address, m) {
  const network = toLong(mask(address, m)), bits = need(m);
  let length = 0;
  for (let n = bits; n; n = n << 1 >>> 0) length++;
  const size = Math.pow(2, 32 - length);
  return {
    networkAddress: fromLong(network),
    firstAddress: fromLong(size <= 2 ? network : network + 1),
    lastAddress: fromLong(size <= 2 ? network + size - 1 : network + size - 2),
    broadcastAddress: fromLong(network + size - 1),
    subnetMask: m,
    subnetMaskLength: length,
    numHosts: size <= 2 ? size : size - 2,
    length: size,
    contains: (other) => native.version(String(other)) === 4 && (need(other) & bits) >>> 0 === network,
  };
}
const cidrSubnet = (text) => subnet(...split(text));

const within = (s, ranges) => ranges.some((r) => native.inRange(String(s), r));
const isLoopback = (s) => within(s, ['127.0.0.0/8', '::1']) || s === '::' || s === 'fe80::1';
const isPrivate = (s) => isLoopback(s) || within(s, ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', 'fc00::/7', 'fe80::/10']);

module.exports = {
  isV4Format, isV6Format, toLong, fromLong, fromPrefixLen, mask, cidr, subnet, cidrSubnet, isLoopback, isPrivate,
  isPublic: (s) => !isPrivate(s),
  not: (s) => fromLong(~need(s) >>> 0),
  or: (a, b) => fromLong((need(a) | need(b)) >>> 0),
  isEqual: (a, b) => native.version(String(a)) !== 0 && native.inRange(String(a), String(b)),
  loopback: (family) => (String(family).toLowerCase() === 'ipv6' ? 'fe80::1' : '127.0.0.1'),
  address: () => '127.0.0.1',
  toBuffer: (s) => Buffer.from(String(s).split('.').map(Number)),
  toString: (b, offset) => Array.from(b.slice(offset || 0, (offset || 0) + 4)).join('.'),
};
