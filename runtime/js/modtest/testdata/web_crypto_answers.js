// Makes web_crypto_answers.json: node web_crypto_answers.js web_crypto_answers.json
// Node.js 20 or later answers every expression; the test compares with it.
const crypto = require('crypto');
const fs = require('fs');
const F = {};
const gen = (type, o) => crypto.generateKeyPairSync(type, o);
const enc = (k, o) => k.export(o);
const rsa = gen('rsa', { modulusLength: 2048 });
F.rsaPkcs8 = enc(rsa.privateKey, { type: 'pkcs8', format: 'pem' });
F.rsaPkcs1 = enc(rsa.privateKey, { type: 'pkcs1', format: 'pem' });
F.rsaSpki = enc(rsa.publicKey, { type: 'spki', format: 'pem' });
F.rsaPub1 = enc(rsa.publicKey, { type: 'pkcs1', format: 'pem' });
F.rsaEnc = enc(rsa.privateKey, { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'top secret' });
F.rsaEnc3 = enc(rsa.privateKey, { type: 'pkcs8', format: 'pem', cipher: 'des-ede3-cbc', passphrase: 'top secret' });
F.rsaLegacy = enc(rsa.privateKey, { type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'top secret' });
F.rsaDer = enc(rsa.privateKey, { type: 'pkcs8', format: 'der' }).toString('base64');
F.rsaJwk = enc(rsa.privateKey, { format: 'jwk' });
for (const [n, c] of [['ec256', 'prime256v1'], ['ec384', 'secp384r1'], ['ec521', 'secp521r1']]) {
  const k = gen('ec', { namedCurve: c });
  F[n] = enc(k.privateKey, { type: 'pkcs8', format: 'pem' });
  F[n + 'Sec1'] = enc(k.privateKey, { type: 'sec1', format: 'pem' });
  F[n + 'Pub'] = enc(k.publicKey, { type: 'spki', format: 'pem' });
  F[n + 'Jwk'] = enc(k.privateKey, { format: 'jwk' });
}
const ed = gen('ed25519');
F.ed = enc(ed.privateKey, { type: 'pkcs8', format: 'pem' });
F.edPub = enc(ed.publicKey, { type: 'spki', format: 'pem' });
F.edJwk = enc(ed.privateKey, { format: 'jwk' });
const x = gen('x25519'), x2 = gen('x25519');
F.x = enc(x.privateKey, { type: 'pkcs8', format: 'pem' });
F.x2Pub = enc(x2.publicKey, { type: 'spki', format: 'pem' });
const other = gen('ec', { namedCurve: 'prime256v1' });
F.ec256OtherPub = enc(other.publicKey, { type: 'spki', format: 'pem' });
// signatures of Node to verify
const msg = Buffer.from('the message');
F.sig = {
  rs256: crypto.sign('sha256', msg, rsa.privateKey).toString('hex'),
  ps256: crypto.sign('sha256', msg, { key: rsa.privateKey, padding: 6, saltLength: 32 }).toString('hex'),
  ps512max: crypto.sign('sha512', msg, { key: rsa.privateKey, padding: 6 }).toString('hex'),
  es256: crypto.sign('sha256', msg, F.ec256).toString('hex'),
  es256p: crypto.sign('sha256', msg, { key: F.ec256, dsaEncoding: 'ieee-p1363' }).toString('hex'),
  es384p: crypto.sign('sha384', msg, { key: F.ec384, dsaEncoding: 'ieee-p1363' }).toString('hex'),
  es512p: crypto.sign('sha512', msg, { key: F.ec521, dsaEncoding: 'ieee-p1363' }).toString('hex'),
};
F.oaep1 = crypto.publicEncrypt(F.rsaSpki, msg).toString('hex');
F.oaep256 = crypto.publicEncrypt({ key: F.rsaSpki, oaepHash: 'sha256', oaepLabel: Buffer.from('lab') }, msg).toString('hex');
F.pkcs1enc = crypto.privateEncrypt(F.rsaPkcs8, msg).toString('hex');
F.v15 = crypto.publicEncrypt({ key: F.rsaSpki, padding: 1 }, msg).toString('hex');

const E = [];
const e = (s) => E.push(s);
const texts = ["''", "'abc'", "'é€😀'", "Buffer.alloc(1000, 7)"];
for (const h of ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha512-256', 'sha512-224', 'sha3-224', 'sha3-256', 'sha3-384', 'sha3-512', 'ripemd160', 'rmd160', 'blake2b512', 'blake2s256', 'shake128', 'shake256', 'RSA-SHA256', 'SHA256', 'SHA-256']) {
  for (const t of texts) e(`crypto.createHash('${h}').update(${t}).digest('hex')`);
}
for (const enc of ['hex', 'base64', 'base64url', 'latin1', 'binary', 'utf8', 'ucs2']) {
  e(`crypto.createHash('md5').update('abc').digest('${enc}')`);
  e(`crypto.createHash('sha1').update('616263', '${enc}').digest('hex')`);
}
e(`crypto.createHash('shake128', {outputLength: 50}).update('x').digest('hex')`);
e(`crypto.createHash('shake256', {outputLength: 0}).update('x').digest('hex')`);
e(`(() => { const h = crypto.createHash('sha256').update('a'); const c = h.copy(); h.update('b'); c.update('c'); return h.digest('hex') + c.digest('hex'); })()`);
for (const a of ['md5', 'sha3-256', 'ripemd160', 'blake2b512', 'shake128']) e(`(() => { const h = crypto.createHash('${a}').update('a'); const c = h.copy(); h.update('b'); return h.digest('hex') + c.update('z').digest('hex'); })()`);
e(`(() => { const h = crypto.createHash('sha256').update('a'); h.digest(); try { h.digest() } catch (e) { return e.code + e.message } })()`);
e(`(() => { const h = crypto.createHash('sha256').update('a'); h.digest(); try { h.update('a') } catch (e) { return e.code + e.message } })()`);
e(`(() => { try { crypto.createHash('nope') } catch (e) { return e.message } })()`);
e(`(() => { try { crypto.createHmac('nope', 'k') } catch (e) { return e.code + e.message } })()`);
e(`(() => { try { crypto.createHash('md5').update(5) } catch (e) { return e.code + e.name } })()`);
e(`(() => { try { crypto.createHash() } catch (e) { return e.code + e.name } })()`);
for (const h of ['md5', 'sha1', 'sha256', 'sha512', 'sha3-512']) for (const k of ["''", "'key'", "Buffer.alloc(200, 1)", "new Uint8Array([1,2,3])"]) e(`crypto.createHmac('${h}', ${k}).update('data').update(Buffer.from('x')).digest('base64')`);
e(`crypto.createHmac('sha256', crypto.createSecretKey(Buffer.from('k'))).update('x').digest('hex')`);
e(`(() => { const h = crypto.createHmac('sha256', 'a').update('a'); h.digest(); return h.digest('hex') })()`);
e(`crypto.createHash('sha256').update(new Uint16Array([1, 2, 3])).digest('hex')`);
e(`crypto.createHash('sha256').update(new DataView(new ArrayBuffer(4), 1, 2)).digest('hex')`);
e(`crypto.pbkdf2Sync('pw', 'salt', 1, 20, 'sha1').toString('hex')`);
e(`crypto.pbkdf2Sync('pässword', Buffer.from([1,2,0]), 1000, 70, 'sha512').toString('hex')`);
e(`crypto.pbkdf2Sync(Buffer.alloc(200,3), 'salt', 10, 32, 'sha256').toString('hex')`);
e(`crypto.pbkdf2Sync('pw', 'salt', 1, 0, 'sha1').toString('hex')`);
e(`(() => { try { crypto.pbkdf2Sync('pw', 'salt', 1, 20, 'nope') } catch (e) { return e.code + e.message } })()`);
e(`(() => { try { crypto.pbkdf2Sync('pw', 'salt', 0, 20, 'sha1') } catch (e) { return e.code + e.name } })()`);
e(`crypto.scryptSync('pw', 'NaCl', 64, {N: 1024, r: 8, p: 2}).toString('hex')`);
e(`crypto.scryptSync('', '', 64, {cost: 16, blockSize: 1, parallelization: 1}).toString('hex')`);
e(`crypto.scryptSync('pw', 'salt', 32).toString('hex')`);
e(`(() => { try { crypto.scryptSync('pw', 'salt', 32, {N: 1048576}) } catch (e) { return e.code + e.name } })()`);
e(`(() => { try { crypto.scryptSync('pw', 'salt', 32, {N: 3}) } catch (e) { return e.code + e.name } })()`);
e(`Buffer.from(crypto.hkdfSync('sha256', 'key', 'salt', 'info', 42)).toString('hex')`);
e(`Buffer.from(crypto.hkdfSync('sha512', Buffer.alloc(16, 1), Buffer.alloc(0), '', 100)).toString('hex')`);
e(`(() => { try { crypto.hkdfSync('sha256', 'key', 'salt', 'info', 255*32+1) } catch (e) { return e.code + e.name } })()`);
const plain = ["''", "'hello'", "'sixteen bytes !!'", "'é'.repeat(100)"];
for (const [c, k, iv] of [['aes-128-cbc', 16, 16], ['aes-192-cbc', 24, 16], ['aes-256-cbc', 32, 16], ['AES-256-CBC', 32, 16], ['aes256', 32, 16], ['aes-128-ctr', 16, 16], ['aes-256-ctr', 32, 16], ['aes-128-ecb', 16, 0], ['aes-256-ecb', 32, 0], ['des-ede3-cbc', 24, 8], ['des-ede3', 24, 0]]) {
  for (const p of plain) {
    e(`(() => { const c = crypto.createCipheriv('${c}', Buffer.from(Array.from({length: ${k}}, (_, i) => i * 7 & 255)), ${iv ? `Buffer.alloc(${iv}, 9)` : 'null'}); return c.update(${p}, 'utf8', 'hex') + c.final('hex'); })()`);
    e(`(() => { const K = Buffer.from(Array.from({length: ${k}}, (_, i) => i * 7 & 255)); const IV = ${iv ? `Buffer.alloc(${iv}, 9)` : 'null'}; const c = crypto.createCipheriv('${c}', K, IV); const x = Buffer.concat([c.update(${p}), c.final()]); const d = crypto.createDecipheriv('${c}', K, IV); let o = ''; for (const b of x) o += d.update(Buffer.from([b]), null, 'utf8'); return o + d.final('utf8'); })()`);
  }
}
for (const c of ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305']) {
  const k = c === 'aes-128-gcm' ? 16 : 32;
  for (const iv of c[0] === 'a' ? [12, 8, 16, 60] : [12]) for (const p of plain) {
    e(`(() => { const c = crypto.createCipheriv('${c}', Buffer.alloc(${k}, 5), Buffer.alloc(${iv}, 6), {authTagLength: 16}); c.setAAD(Buffer.from('aad')); return c.update(${p}, 'utf8', 'hex') + c.update('more', 'utf8', 'hex') + c.final('hex') + c.getAuthTag().toString('hex'); })()`);
  }
  e(`(() => { const c = crypto.createCipheriv('${c}', Buffer.alloc(${k}, 5), Buffer.alloc(12, 6), {authTagLength: 12}); const x = Buffer.concat([c.update('secret text'), c.final()]); const d = crypto.createDecipheriv('${c}', Buffer.alloc(${k}, 5), Buffer.alloc(12, 6), {authTagLength: 12}); d.setAuthTag(c.getAuthTag()); return c.getAuthTag().length + d.update(x, undefined, 'utf8') + d.final('utf8'); })()`);
  e(`(() => { const c = crypto.createCipheriv('${c}', Buffer.alloc(${k}, 5), Buffer.alloc(12, 6), {authTagLength: 16}); const x = Buffer.concat([c.update('secret text'), c.final()]); const t = c.getAuthTag(); t[0] ^= 1; const d = crypto.createDecipheriv('${c}', Buffer.alloc(${k}, 5), Buffer.alloc(12, 6), {authTagLength: 16}); d.setAuthTag(t); d.update(x); try { d.final() } catch (e) { return e.message } })()`);
  e(`(() => { const d = crypto.createDecipheriv('${c}', Buffer.alloc(${k}, 5), Buffer.alloc(12, 6), {authTagLength: 16}); d.update('00', 'hex'); try { d.final() } catch (e) { return e.message } })()`);
}
e(`(() => { const c = crypto.createCipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16)); c.setAutoPadding(false); return c.update(Buffer.alloc(32), null, 'hex') + c.final('hex') })()`);
e(`(() => { const c = crypto.createCipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16)); c.setAutoPadding(false); c.update('abc'); try { c.final() } catch (e) { return e.code + e.reason } })()`);
e(`(() => { const c = crypto.createDecipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16)); c.update(Buffer.alloc(16, 3)); try { c.final() } catch (e) { return e.code + e.reason } })()`);
e(`(() => { const c = crypto.createDecipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16)); c.update(Buffer.alloc(15, 3)); try { c.final() } catch (e) { return e.code + e.reason } })()`);
for (const bad of ["'nope', Buffer.alloc(16), null", "'aes-128-cbc', Buffer.alloc(15), Buffer.alloc(16)", "'aes-128-cbc', Buffer.alloc(16), Buffer.alloc(15)", "'aes-128-cbc', Buffer.alloc(16), null", "'aes-128-cbc', 5, null", "'aes-128-gcm', Buffer.alloc(16), Buffer.alloc(0)"]) e(`(() => { try { crypto.createCipheriv(${bad}); return 'no' } catch (e) { return e.name + e.code + e.message } })()`);
e(`(() => { const c = crypto.createCipheriv('aes-128-cbc', 'sixteen byte key', 'sixteen byte iv!'); return c.update('x', 'utf8', 'base64') + c.final('base64') })()`);
e(`(() => { const c = crypto.createCipheriv('aes-256-cbc', Buffer.alloc(32), Buffer.alloc(16)); return c.update('hello world and more', 'utf8', 'base64') + '|' + c.final('base64') })()`);
e(`JSON.stringify(['aes-128-cbc', 'aes-256-gcm', 'aes-192-ctr', 'aes-128-ecb', 'des-ede3-cbc'].map((n) => Object.entries(crypto.getCipherInfo(n)).sort()))`);
e(`String(crypto.getCipherInfo('nope'))`);
// keys
for (const k of ['rsaPkcs8', 'rsaPkcs1', 'ec256', 'ec256Sec1', 'ec384', 'ec521Sec1', 'ed', 'x']) {
  e(`(() => { const k = crypto.createPrivateKey(F.${k}); return JSON.stringify([k.type, k.asymmetricKeyType, String(k.asymmetricKeyDetails.modulusLength), String(k.asymmetricKeyDetails.publicExponent), String(k.asymmetricKeyDetails.namedCurve)]) + k.export({type: 'pkcs8', format: 'pem'}) })()`);
  e(`crypto.createPublicKey(F.${k}).export({type: 'spki', format: 'pem'})`);
  e(`crypto.createPublicKey(crypto.createPrivateKey(F.${k})).export({type: 'spki', format: 'der'}).toString('hex')`);
  e(`JSON.stringify(Object.entries(crypto.createPrivateKey(F.${k}).export({format: 'jwk'})).sort())`);
  e(`JSON.stringify(Object.entries(crypto.createPublicKey(F.${k}).export({format: 'jwk'})).sort())`);
}
for (const k of ['rsaSpki', 'rsaPub1', 'ec256Pub', 'edPub', 'x2Pub']) e(`crypto.createPublicKey(F.${k}).export({type: 'spki', format: 'pem'})`);
for (const k of ['rsaEnc', 'rsaEnc3', 'rsaLegacy']) {
  e(`crypto.createPrivateKey({key: F.${k}, passphrase: 'top secret'}).export({type: 'pkcs1', format: 'pem'})`);
}
e(`crypto.createPrivateKey({key: Buffer.from(F.rsaDer, 'base64'), format: 'der', type: 'pkcs8'}).export({type: 'pkcs1', format: 'pem'})`);
for (const k of ['rsaJwk', 'ec256Jwk', 'ec384Jwk', 'ec521Jwk', 'edJwk']) {
  e(`crypto.createPrivateKey({key: F.${k}, format: 'jwk'}).export({type: 'pkcs8', format: 'pem'})`);
  e(`crypto.createPublicKey({key: F.${k}, format: 'jwk'}).export({type: 'spki', format: 'pem'})`);
}
e(`(() => { const k = crypto.createPrivateKey(F.rsaPkcs1); const x = k.export({type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'p'}); return crypto.createPrivateKey({key: x, passphrase: 'p'}).equals(k) + x.slice(0, 37) })()`);
e(`(() => { const a = crypto.createPublicKey(F.rsaPkcs8), b = crypto.createPublicKey(F.rsaSpki), c = crypto.createPublicKey(F.ec256); return [a.equals(b), a.equals(c)].join() })()`);
e(`(() => { const k = crypto.createSecretKey('68656c6c6f', 'hex'); return [k.type, k.symmetricKeySize, k.export().toString(), JSON.stringify(k.export({format: 'jwk'}))].join() })()`);
for (const bad of ["createPrivateKey('garbage')", "createPrivateKey(F.rsaSpki)", "createPublicKey('x')", "createPrivateKey(null)", "createSecretKey(5)"]) e(`(() => { try { crypto.${bad} } catch (e) { return e.name } })()`);
e(`(() => { try { crypto.createPrivateKey({key: {kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', d: 'AA'}, format: 'jwk'}) } catch (e) { return e.code } })()`);
// signatures
e(`crypto.sign('sha256', M, F.rsaPkcs8).toString('hex')`);
e(`crypto.createSign('RSA-SHA256').update('the ').update(Buffer.from('message')).sign(F.rsaPkcs1, 'base64')`);
e(`crypto.createSign('sha512').update(M).sign({key: F.rsaEnc, passphrase: 'top secret'}, 'hex')`);
e(`crypto.createSign('SHA1').update(M).sign(F.rsaPkcs1, 'hex')`);
e(`crypto.createSign('md5').update(M).sign(F.rsaPkcs1, 'hex')`);
e(`crypto.sign(null, M, F.ed).toString('hex')`);
e(`crypto.sign(undefined, M, crypto.createPrivateKey(F.ed)).toString('hex')`);
const H = (s) => `Buffer.from(F.sig.${s}, 'hex')`;
e(`crypto.verify('sha256', M, F.rsaSpki, ${H('rs256')})`);
e(`crypto.verify('sha256', Buffer.from('other'), F.rsaSpki, ${H('rs256')})`);
e(`crypto.verify('sha256', M, F.rsaPkcs8, ${H('rs256')})`);
e(`crypto.createVerify('RSA-SHA256').update(M).verify(F.rsaSpki, F.sig.rs256, 'hex')`);
e(`crypto.createVerify('RSA-SHA256').update(M).verify(F.rsaSpki, 'AAAA', 'base64')`);
e(`crypto.verify('sha256', M, {key: F.rsaSpki, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32}, ${H('ps256')})`);
e(`crypto.verify('sha256', M, {key: F.rsaSpki, padding: crypto.constants.RSA_PKCS1_PSS_PADDING}, ${H('ps256')})`);
e(`crypto.verify('sha256', M, {key: F.rsaSpki, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 20}, ${H('ps256')})`);
e(`crypto.verify('sha512', M, {key: F.rsaSpki, padding: crypto.constants.RSA_PKCS1_PSS_PADDING}, ${H('ps512max')})`);
e(`crypto.verify('sha256', M, F.ec256Pub, ${H('es256')})`);
e(`crypto.verify('sha256', M, {key: F.ec256Pub, dsaEncoding: 'ieee-p1363'}, ${H('es256p')})`);
e(`crypto.verify('sha256', M, {key: F.ec256Pub, dsaEncoding: 'ieee-p1363'}, ${H('es256')})`);
e(`crypto.verify('sha384', M, {key: F.ec384Pub, dsaEncoding: 'ieee-p1363'}, ${H('es384p')})`);
e(`crypto.verify('sha512', M, {key: F.ec521Pub, dsaEncoding: 'ieee-p1363'}, ${H('es512p')})`);
e(`(() => { try { crypto.sign('sha256', M, F.rsaSpki) } catch (e) { return e.name } })()`);
e(`(() => { try { crypto.createSign('nope') } catch (e) { return e.name } })()`);
for (const [k, p, h] of [['ec256', 'ec256Pub', 'sha256'], ['ec384', 'ec384Pub', 'sha384'], ['ec521', 'ec521Pub', 'sha512']]) {
  e(`crypto.verify('${h}', M, F.${p}, crypto.sign('${h}', M, F.${k}))`);
  e(`crypto.sign('${h}', M, {key: F.${k}, dsaEncoding: 'ieee-p1363'}).length`);
}
e(`(() => { const o = {padding: 6, saltLength: -1}; return crypto.verify('sha256', M, {key: F.rsaSpki, ...o}, crypto.sign('sha256', M, {key: F.rsaPkcs8, ...o})) })()`);
e(`(() => { const o = {padding: 6}; return crypto.verify('sha256', M, {key: F.rsaSpki, ...o}, crypto.sign('sha256', M, {key: F.rsaPkcs8, ...o})) })()`);
// RSA
e(`crypto.privateDecrypt(F.rsaPkcs8, Buffer.from(F.oaep1, 'hex')).toString()`);
e(`crypto.privateDecrypt({key: F.rsaPkcs8, oaepHash: 'sha256', oaepLabel: Buffer.from('lab')}, Buffer.from(F.oaep256, 'hex')).toString()`);
e(`(() => { try { return crypto.privateDecrypt({key: F.rsaPkcs8, oaepHash: 'sha256'}, Buffer.from(F.oaep256, 'hex')).toString() } catch (e) { return e.name } })()`);
e(`crypto.publicDecrypt(F.rsaSpki, Buffer.from(F.pkcs1enc, 'hex')).toString()`);
e(`crypto.privateEncrypt(F.rsaPkcs8, M).toString('hex')`);
e(`crypto.privateDecrypt(F.rsaPkcs8, crypto.publicEncrypt(F.rsaSpki, M)).toString()`);
e(`crypto.privateDecrypt({key: F.rsaPkcs8, oaepHash: 'sha512'}, crypto.publicEncrypt({key: F.rsaPkcs8, oaepHash: 'sha512'}, M)).toString()`);
// ECDH
e(`crypto.diffieHellman({privateKey: crypto.createPrivateKey(F.ec256), publicKey: crypto.createPublicKey(F.ec256OtherPub)}).toString('hex')`);
e(`crypto.diffieHellman({privateKey: crypto.createPrivateKey(F.x), publicKey: crypto.createPublicKey(F.x2Pub)}).toString('hex')`);
for (const c of ['prime256v1', 'secp384r1', 'secp521r1']) {
  e(`(() => { const a = crypto.createECDH('${c}'); a.setPrivateKey('1234567890abcdef', 'hex'); return [a.getPublicKey('hex'), a.getPublicKey('hex', 'compressed'), a.getPublicKey('hex', 'hybrid')].join() })()`);
  e(`(() => { const a = crypto.createECDH('${c}'), b = crypto.createECDH('${c}'); a.generateKeys(); b.generateKeys(); return a.computeSecret(b.getPublicKey('hex', 'compressed'), 'hex', 'hex') === b.computeSecret(a.getPublicKey(), null, 'hex') })()`);
  e(`(() => { const a = crypto.createECDH('${c}'); a.setPrivateKey('01', 'hex'); return crypto.ECDH.convertKey(a.getPublicKey('hex', 'compressed'), '${c}', 'hex', 'hex', 'uncompressed') === a.getPublicKey('hex') })()`);
}
e(`(() => { const a = crypto.createECDH('prime256v1'); a.generateKeys(); try { a.computeSecret(Buffer.alloc(65, 4)) } catch (e) { return e.code } })()`);
e(`(() => { try { crypto.createECDH('nope') } catch (e) { return e.code } })()`);
// random
e(`[crypto.randomBytes(0).length, crypto.randomBytes(33).length, Buffer.isBuffer(crypto.randomBytes(4)), typeof crypto.randomInt(5), crypto.randomInt(7, 8), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())].join()`);
for (const bad of ['randomBytes(-1)', "randomBytes('5')", 'randomBytes(NaN)', 'randomInt(5, 5)', 'randomInt(0, 2**50)', 'randomInt(1.5)', 'timingSafeEqual(Buffer.alloc(1), Buffer.alloc(2))', "timingSafeEqual('a', 'a')", 'randomFillSync(Buffer.alloc(4), 5)', 'pbkdf2()', 'randomBytes(5, 5)']) e(`(() => { try { crypto.${bad}; return 'no' } catch (e) { return e.name + e.code } })()`);
e(`[crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('a')), crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('b')), crypto.timingSafeEqual(new Uint16Array([1]), Buffer.from([1, 0]))].join()`);
e(`(() => { const b = Buffer.alloc(8); crypto.randomFillSync(b, 4); return b.subarray(0, 4).toString('hex') + (b.length) })()`);
// promise forms
e(`new Promise((ok) => crypto.randomBytes(8, (err, b) => ok(err + ' ' + b.length)))`);
e(`new Promise((ok) => crypto.pbkdf2('pw', 'salt', 1000, 32, 'sha256', (err, b) => ok(err + b.toString('hex'))))`);
e(`new Promise((ok) => crypto.scrypt('pw', 'salt', 32, {N: 1024}, (err, b) => ok(err + b.toString('hex'))))`);
e(`new Promise((ok) => crypto.hkdf('sha256', 'key', 'salt', 'info', 10, (err, b) => ok(err + Buffer.from(b).toString('hex'))))`);
e(`new Promise((ok) => crypto.generateKeyPair('ec', {namedCurve: 'P-256', publicKeyEncoding: {type: 'spki', format: 'pem'}, privateKeyEncoding: {type: 'pkcs8', format: 'pem'}}, (err, pub, priv) => ok(err + pub.slice(0, 26) + priv.slice(0, 27))))`);
e(`new Promise((ok) => crypto.generateKeyPair('rsa', {modulusLength: 1024}, (err, pub, priv) => ok([err, pub.type, priv.type, priv.asymmetricKeyDetails.modulusLength].join())))`);
e(`(() => { const {publicKey, privateKey} = crypto.generateKeyPairSync('ed25519'); return crypto.verify(null, M, publicKey, crypto.sign(null, M, privateKey)) })()`);
e(`(() => { const {publicKey, privateKey} = crypto.generateKeyPairSync('x25519'); return publicKey.asymmetricKeyType + privateKey.type })()`);
e(`crypto.generateKeySync('hmac', {length: 64}).symmetricKeySize`);
e(`(() => { try { crypto.generateKeyPairSync('nope') } catch (e) { return e.code } })()`);
e(`new Promise((ok) => { const h = crypto.createHash('sha256'); h.on('readable', () => { const d = h.read(); if (d) ok(d.toString('hex')) }); h.write('some'); h.end('thing') })`);
e(`new Promise((ok) => { const h = crypto.createHash('sha256'); h.setEncoding('hex'); h.on('data', ok); h.end('x') })`);
e(`new Promise((ok) => { const c = crypto.createCipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16)); let s = ''; c.on('data', (b) => { s += b.toString('hex') }); c.on('end', () => ok(s)); c.write('some data of length'); c.end('!') })`);
// subtle
const W = 'crypto.webcrypto.subtle';
const hex = (p) => `Promise.resolve(${p}).then((b) => Buffer.from(b).toString('hex'))`;
const err = (p) => `Promise.resolve().then(() => ${p}).then(() => 'no', (e) => e.name)`;
for (const h of ['SHA-1', 'sha-256', 'SHA-384', 'SHA-512']) e(hex(`${W}.digest('${h}', M)`));
e(hex(`${W}.digest({name: 'SHA-256'}, M.buffer.slice(M.byteOffset, M.byteOffset + 3))`));
e(err(`${W}.digest('MD5', M)`));
e(err(`${W}.digest('SHA-256', 'text')`));
const imp = (fmt, data, alg, ext, use) => `${W}.importKey('${fmt}', ${data}, ${JSON.stringify(alg)}, ${ext}, ${JSON.stringify(use)})`;
const hm = { name: 'HMAC', hash: 'SHA-256' };
e(`${imp('raw', "Buffer.from('key')", hm, true, ['sign', 'verify'])}.then((k) => ${hex(`${W}.sign('HMAC', k, M)`)})`);
e(`${imp('raw', "Buffer.from('key')", hm, true, ['sign', 'verify'])}.then(async (k) => [k.type, k.extractable, JSON.stringify(Object.entries(k.algorithm).sort()), k.usages, JSON.stringify(Object.entries(await ${W}.exportKey('jwk', k)).sort()), await ${W}.verify('HMAC', k, await ${W}.sign('HMAC', k, M), M), await ${W}.verify('HMAC', k, new Uint8Array(32), M)].join())`);
e(err(imp('raw', "Buffer.from('key')", hm, true, ['encrypt'])));
e(err(imp('raw', "Buffer.from('key')", hm, true, [])));
e(err(imp('raw', "Buffer.from('key')", 'AES-GCM', true, ['encrypt'])));
e(err(imp('nope', "Buffer.from('key')", hm, true, ['sign'])));
const b64der = `Buffer.from(F.rsaDer, 'base64')`;
const R = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
e(`${imp('pkcs8', b64der, R, false, ['sign'])}.then((k) => ${hex(`${W}.sign(k.algorithm, k, M)`)})`);
e(`${imp('pkcs8', b64der, R, false, ['sign'])}.then((k) => JSON.stringify([k.algorithm.name, k.algorithm.modulusLength, Array.from(k.algorithm.publicExponent), k.algorithm.hash]))`);
e(`${imp('jwk', 'F.rsaJwk', R, true, ['sign'])}.then((k) => ${hex(`${W}.exportKey('pkcs8', k)`)})`);
e(`${imp('spki', `Buffer.from(F.rsaSpki.replace(/-.*-|\\n/g, ''), 'base64')`, R, true, ['verify'])}.then((k) => ${W}.verify(R0, k, Buffer.from(F.sig.rs256, 'hex'), M))`);
const P = { name: 'RSA-PSS', hash: 'SHA-256' };
e(`${imp('spki', `Buffer.from(F.rsaSpki.replace(/-.*-|\\n/g, ''), 'base64')`, P, true, ['verify'])}.then((k) => ${W}.verify({name: 'RSA-PSS', saltLength: 32}, k, Buffer.from(F.sig.ps256, 'hex'), M))`);
const EC = { name: 'ECDSA', namedCurve: 'P-256' };
e(`${imp('spki', `Buffer.from(F.ec256Pub.replace(/-.*-|\\n/g, ''), 'base64')`, EC, true, ['verify'])}.then((k) => ${W}.verify({name: 'ECDSA', hash: 'SHA-256'}, k, Buffer.from(F.sig.es256p, 'hex'), M))`);
e(`${imp('spki', `Buffer.from(F.ec256Pub.replace(/-.*-|\\n/g, ''), 'base64')`, EC, true, ['verify'])}.then((k) => ${hex(`${W}.exportKey('raw', k)`)})`);
e(err(imp('spki', `Buffer.from(F.ec384Pub.replace(/-.*-|\\n/g, ''), 'base64')`, EC, true, ['verify'])));
e(`${imp('jwk', 'F.ec256Jwk', EC, true, ['sign'])}.then((k) => ${W}.exportKey('jwk', k)).then((j) => JSON.stringify(Object.entries(j).sort()))`);
e(`${imp('jwk', 'F.edJwk', 'Ed25519', true, ['sign'])}.then((k) => ${hex(`${W}.sign('Ed25519', k, M)`)})`);
const G = (len) => `${W}.importKey('raw', Buffer.alloc(${len}, 4), 'AES-GCM', true, ['encrypt', 'decrypt'])`;
for (const len of [16, 32]) {
  e(`${G(len)}.then((k) => ${hex(`${W}.encrypt({name: 'AES-GCM', iv: new Uint8Array(12)}, k, M)`)})`);
  e(`${G(len)}.then((k) => ${hex(`${W}.encrypt({name: 'AES-GCM', iv: new Uint8Array(12), tagLength: 96, additionalData: M}, k, M)`)})`);
  e(`${G(len)}.then(async (k) => Buffer.from(await ${W}.decrypt({name: 'AES-GCM', iv: new Uint8Array(12)}, k, await ${W}.encrypt({name: 'AES-GCM', iv: new Uint8Array(12)}, k, M))).toString())`);
  e(`${G(len)}.then((k) => ${err(`${W}.decrypt({name: 'AES-GCM', iv: new Uint8Array(12)}, k, new Uint8Array(40))`)})`);
}
e(`${imp('raw', 'Buffer.alloc(16, 3)', 'AES-CBC', true, ['encrypt', 'decrypt'])}.then((k) => ${hex(`${W}.encrypt({name: 'AES-CBC', iv: new Uint8Array(16)}, k, M)`)})`);
for (const bits of [8, 64, 128]) e(`${imp('raw', 'Buffer.alloc(16, 3)', 'AES-CTR', true, ['encrypt', 'decrypt'])}.then((k) => ${hex(`${W}.encrypt({name: 'AES-CTR', counter: new Uint8Array(16).fill(255), length: ${bits}}, k, Buffer.alloc(50, 1))`)})`);
e(`${imp('raw', "Buffer.from('password')", 'PBKDF2', false, ['deriveBits', 'deriveKey'])}.then((k) => ${hex(`${W}.deriveBits({name: 'PBKDF2', hash: 'SHA-256', salt: M, iterations: 1000}, k, 256)`)})`);
e(`${imp('raw', "Buffer.from('password')", 'PBKDF2', false, ['deriveBits', 'deriveKey'])}.then((k) => ${W}.deriveKey({name: 'PBKDF2', hash: 'SHA-256', salt: M, iterations: 1000}, k, {name: 'AES-GCM', length: 256}, true, ['encrypt'])).then((k) => ${W}.exportKey('jwk', k)).then((j) => JSON.stringify(Object.entries(j).sort()))`);
e(`${imp('raw', "Buffer.from('password')", 'HKDF', false, ['deriveBits'])}.then((k) => ${hex(`${W}.deriveBits({name: 'HKDF', hash: 'SHA-512', salt: M, info: new Uint8Array(0)}, k, 512)`)})`);
e(`Promise.all([${imp('jwk', 'F.ec256Jwk', { name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits'])}, ${imp('spki', `Buffer.from(F.ec256OtherPub.replace(/-.*-|\\n/g, ''), 'base64')`, { name: 'ECDH', namedCurve: 'P-256' }, true, [])}]).then(([a, b]) => ${hex(`${W}.deriveBits({name: 'ECDH', public: b}, a, 256)`)})`);
e(`${W}.generateKey({name: 'HMAC', hash: 'SHA-512'}, true, ['sign']).then((k) => JSON.stringify(k.algorithm))`);
e(`${W}.generateKey({name: 'AES-GCM', length: 256}, true, ['encrypt', 'decrypt']).then((k) => JSON.stringify([k.algorithm, k.type, k.usages]))`);
e(`${W}.generateKey({name: 'ECDSA', namedCurve: 'P-384'}, false, ['sign', 'verify']).then(async ({publicKey: p, privateKey: s}) => [p.extractable, s.extractable, p.usages, s.usages, await ${W}.verify({name: 'ECDSA', hash: 'SHA-384'}, p, await ${W}.sign({name: 'ECDSA', hash: 'SHA-384'}, s, M), M)].join())`);
e(`${W}.generateKey({name: 'RSA-OAEP', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256'}, true, ['encrypt', 'decrypt']).then(async ({publicKey: p, privateKey: s}) => Buffer.from(await ${W}.decrypt({name: 'RSA-OAEP'}, s, await ${W}.encrypt({name: 'RSA-OAEP'}, p, M))).toString())`);
e(err(`${W}.generateKey({name: 'AES-GCM', length: 100}, true, ['encrypt'])`));
e(err(`${W}.generateKey({name: 'ECDSA', namedCurve: 'P-256'}, true, ['encrypt'])`));
e(err(`${W}.generateKey('NOPE', true, ['encrypt'])`));
e(`${G(32)}.then(async (k) => { const w = await ${W}.importKey('raw', Buffer.alloc(16, 9), 'AES-GCM', true, ['wrapKey', 'unwrapKey']); const a = {name: 'AES-GCM', iv: new Uint8Array(12)}; const x = await ${W}.wrapKey('raw', k, w, a); const y = await ${W}.unwrapKey('raw', x, w, a, 'AES-GCM', true, ['encrypt']); return Buffer.from(await ${W}.exportKey('raw', y)).toString('hex') + Buffer.from(x).toString('hex') })`);
e(`crypto.KeyObject.from ? ${imp('raw', "Buffer.from('key')", hm, true, ['sign'])}.then((k) => crypto.KeyObject.from(k).export().toString()) : ''`);

const M = Buffer.from('the message'), R0 = 'RSASSA-PKCS1-v1_5';
(async () => {
  const cases = [];
  for (const js of E) {
    let want;
    try { want = await eval(js); } catch (x) { console.error('NODE FAILS', js, x.message); continue; }
    cases.push({ js, want });
  }
  fs.writeFileSync(process.argv[2], JSON.stringify({ about: 'Answers of Node.js ' + process.version + ' to the expressions; F, M and R0 are their surroundings.', fixtures: F, cases }, null, 1) + '\n');
  console.log(cases.length);
})();
