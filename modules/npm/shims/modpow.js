'use strict';
// fast(BigInteger) raises to powers by the engine's BigInt: the digits of jsbn
// take the interpreter seconds where the engine's arithmetic takes milliseconds.
module.exports = function fast(BigInteger) {
  const toBig = (n) => {
    const hex = n.toString(16);
    return hex[0] === '-' ? -BigInt('0x' + hex.slice(1)) : BigInt('0x' + hex);
  };
  const slow = BigInteger.prototype.modPow;
  BigInteger.prototype.modPow = function modPow(exponent, modulus, callback) {
    const zero = BigInteger.ZERO;
    if (exponent.compareTo(zero) < 0 || modulus.compareTo(zero) <= 0) return slow.apply(this, arguments);
    const m = toBig(modulus);
    let base = toBig(this) % m, result = 1n % m;
    if (base < 0n) base += m;
    for (const bit of toBig(exponent).toString(2)) {
      result = (result * result) % m;
      if (bit === '1') result = (result * base) % m;
    }
    const out = new BigInteger(result.toString(16), 16);
    if (typeof callback === 'function') callback(null, out);
    return out;
  };
};
