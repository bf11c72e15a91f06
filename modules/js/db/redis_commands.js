'use strict';
// The methods of commands, some hundreds of a class: each is made when it is first
// touched. install puts between proto and its own prototype one that knows them:
// make(name) gives the method or undefined, list() names all.
module.exports = function install(proto, make, list) {
  const base = Object.getPrototypeOf(proto), made = Object.create(base);
  const member = (k) => {
    if (typeof k === 'string' && !(k in made)) {
      const f = make(k);
      if (f) made[k] = f;
    }
    return made;
  };
  Object.setPrototypeOf(proto, new Proxy(made, {
    get: (target, k, self) => Reflect.get(member(k), k, self),
    has: (target, k) => k in member(k),
    ownKeys: () => { list().forEach(member); return Reflect.ownKeys(made); },
    getOwnPropertyDescriptor: (target, k) => Reflect.getOwnPropertyDescriptor(member(k), k),
  }));
};
