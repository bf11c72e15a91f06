'use strict';
// lodash as the function of the original, whose members are loaded one by one when
// they are touched: a login that uses _.get does not evaluate the other three
// hundred. What needs all of lodash (a wrapped value, a chain, a mixin) loads it.
let all; // the original, once something has needed it
let whole = false; // members come from the original only

function original() {
  if (!all) {
    all = require('lodash/lodash');
    all.placeholder = facade;
    all.templateSettings = settings();
  }
  return all;
}

function settings() {
  const s = require('lodash/templateSettings');
  s.imports._ = facade;
  return s;
}

// What takes a placeholder takes lodash itself for it.
function held(f) {
  f.placeholder = facade;
  return f;
}

function mixin(object, source, options) {
  if (source === undefined || typeof source.chain === 'boolean') [object, source, options] = [facade, object, source];
  const lodash = original();
  if (object !== facade) return lodash.mixin(object, source, options);
  lodash.mixin(source, options);
  for (const name of lodash.functions(source)) members[name] = lodash[name];
  return facade;
}

function load(name) {
  if (whole) return original()[name];
  switch (name) {
    case 'mixin': return mixin;
    case 'templateSettings': return settings();
    case 'template': settings(); return require('lodash/template');
    case 'after': return require('lodash/after');
    case 'ary': return require('lodash/ary');
    case 'assign': return require('lodash/assign');
    case 'assignIn': return require('lodash/assignIn');
    case 'assignInWith': return require('lodash/assignInWith');
    case 'assignWith': return require('lodash/assignWith');
    case 'at': return require('lodash/at');
    case 'before': return require('lodash/before');
    case 'bind': return held(require('lodash/bind'));
    case 'bindAll': return require('lodash/bindAll');
    case 'bindKey': return held(require('lodash/bindKey'));
    case 'castArray': return require('lodash/castArray');
    case 'chunk': return require('lodash/chunk');
    case 'compact': return require('lodash/compact');
    case 'concat': return require('lodash/concat');
    case 'cond': return require('lodash/cond');
    case 'conforms': return require('lodash/conforms');
    case 'constant': return require('lodash/constant');
    case 'countBy': return require('lodash/countBy');
    case 'create': return require('lodash/create');
    case 'curry': return held(require('lodash/curry'));
    case 'curryRight': return held(require('lodash/curryRight'));
    case 'debounce': return require('lodash/debounce');
    case 'defaults': return require('lodash/defaults');
    case 'defaultsDeep': return require('lodash/defaultsDeep');
    case 'defer': return require('lodash/defer');
    case 'delay': return require('lodash/delay');
    case 'difference': return require('lodash/difference');
    case 'differenceBy': return require('lodash/differenceBy');
    case 'differenceWith': return require('lodash/differenceWith');
    case 'drop': return require('lodash/drop');
    case 'dropRight': return require('lodash/dropRight');
    case 'dropRightWhile': return require('lodash/dropRightWhile');
    case 'dropWhile': return require('lodash/dropWhile');
    case 'fill': return require('lodash/fill');
    case 'filter': return require('lodash/filter');
    case 'flatMap': return require('lodash/flatMap');
    case 'flatMapDeep': return require('lodash/flatMapDeep');
    case 'flatMapDepth': return require('lodash/flatMapDepth');
    case 'flatten': return require('lodash/flatten');
    case 'flattenDeep': return require('lodash/flattenDeep');
    case 'flattenDepth': return require('lodash/flattenDepth');
    case 'flip': return require('lodash/flip');
    case 'flow': return require('lodash/flow');
    case 'flowRight': return require('lodash/flowRight');
    case 'fromPairs': return require('lodash/fromPairs');
    case 'functions': return require('lodash/functions');
    case 'functionsIn': return require('lodash/functionsIn');
    case 'groupBy': return require('lodash/groupBy');
    case 'initial': return require('lodash/initial');
    case 'intersection': return require('lodash/intersection');
    case 'intersectionBy': return require('lodash/intersectionBy');
    case 'intersectionWith': return require('lodash/intersectionWith');
    case 'invert': return require('lodash/invert');
    case 'invertBy': return require('lodash/invertBy');
    case 'invokeMap': return require('lodash/invokeMap');
    case 'iteratee': return require('lodash/iteratee');
    case 'keyBy': return require('lodash/keyBy');
    case 'keys': return require('lodash/keys');
    case 'keysIn': return require('lodash/keysIn');
    case 'map': return require('lodash/map');
    case 'mapKeys': return require('lodash/mapKeys');
    case 'mapValues': return require('lodash/mapValues');
    case 'matches': return require('lodash/matches');
    case 'matchesProperty': return require('lodash/matchesProperty');
    case 'memoize': return require('lodash/memoize');
    case 'merge': return require('lodash/merge');
    case 'mergeWith': return require('lodash/mergeWith');
    case 'method': return require('lodash/method');
    case 'methodOf': return require('lodash/methodOf');
    case 'negate': return require('lodash/negate');
    case 'nthArg': return require('lodash/nthArg');
    case 'omit': return require('lodash/omit');
    case 'omitBy': return require('lodash/omitBy');
    case 'once': return require('lodash/once');
    case 'orderBy': return require('lodash/orderBy');
    case 'over': return require('lodash/over');
    case 'overArgs': return require('lodash/overArgs');
    case 'overEvery': return require('lodash/overEvery');
    case 'overSome': return require('lodash/overSome');
    case 'partial': return held(require('lodash/partial'));
    case 'partialRight': return held(require('lodash/partialRight'));
    case 'partition': return require('lodash/partition');
    case 'pick': return require('lodash/pick');
    case 'pickBy': return require('lodash/pickBy');
    case 'property': return require('lodash/property');
    case 'propertyOf': return require('lodash/propertyOf');
    case 'pull': return require('lodash/pull');
    case 'pullAll': return require('lodash/pullAll');
    case 'pullAllBy': return require('lodash/pullAllBy');
    case 'pullAllWith': return require('lodash/pullAllWith');
    case 'pullAt': return require('lodash/pullAt');
    case 'range': return require('lodash/range');
    case 'rangeRight': return require('lodash/rangeRight');
    case 'rearg': return require('lodash/rearg');
    case 'reject': return require('lodash/reject');
    case 'remove': return require('lodash/remove');
    case 'rest': return require('lodash/rest');
    case 'reverse': return require('lodash/reverse');
    case 'sampleSize': return require('lodash/sampleSize');
    case 'set': return require('lodash/set');
    case 'setWith': return require('lodash/setWith');
    case 'shuffle': return require('lodash/shuffle');
    case 'slice': return require('lodash/slice');
    case 'sortBy': return require('lodash/sortBy');
    case 'sortedUniq': return require('lodash/sortedUniq');
    case 'sortedUniqBy': return require('lodash/sortedUniqBy');
    case 'split': return require('lodash/split');
    case 'spread': return require('lodash/spread');
    case 'tail': return require('lodash/tail');
    case 'take': return require('lodash/take');
    case 'takeRight': return require('lodash/takeRight');
    case 'takeRightWhile': return require('lodash/takeRightWhile');
    case 'takeWhile': return require('lodash/takeWhile');
    case 'tap': return require('lodash/tap');
    case 'throttle': return require('lodash/throttle');
    case 'thru': return require('lodash/thru');
    case 'toArray': return require('lodash/toArray');
    case 'toPairs': return require('lodash/toPairs');
    case 'toPairsIn': return require('lodash/toPairsIn');
    case 'toPath': return require('lodash/toPath');
    case 'toPlainObject': return require('lodash/toPlainObject');
    case 'transform': return require('lodash/transform');
    case 'unary': return require('lodash/unary');
    case 'union': return require('lodash/union');
    case 'unionBy': return require('lodash/unionBy');
    case 'unionWith': return require('lodash/unionWith');
    case 'uniq': return require('lodash/uniq');
    case 'uniqBy': return require('lodash/uniqBy');
    case 'uniqWith': return require('lodash/uniqWith');
    case 'unset': return require('lodash/unset');
    case 'unzip': return require('lodash/unzip');
    case 'unzipWith': return require('lodash/unzipWith');
    case 'update': return require('lodash/update');
    case 'updateWith': return require('lodash/updateWith');
    case 'values': return require('lodash/values');
    case 'valuesIn': return require('lodash/valuesIn');
    case 'without': return require('lodash/without');
    case 'words': return require('lodash/words');
    case 'wrap': return require('lodash/wrap');
    case 'xor': return require('lodash/xor');
    case 'xorBy': return require('lodash/xorBy');
    case 'xorWith': return require('lodash/xorWith');
    case 'zip': return require('lodash/zip');
    case 'zipObject': return require('lodash/zipObject');
    case 'zipObjectDeep': return require('lodash/zipObjectDeep');
    case 'zipWith': return require('lodash/zipWith');
    case 'entries': return require('lodash/entries');
    case 'entriesIn': return require('lodash/entriesIn');
    case 'extend': return require('lodash/extend');
    case 'extendWith': return require('lodash/extendWith');
    case 'add': return require('lodash/add');
    case 'attempt': return require('lodash/attempt');
    case 'camelCase': return require('lodash/camelCase');
    case 'capitalize': return require('lodash/capitalize');
    case 'ceil': return require('lodash/ceil');
    case 'clamp': return require('lodash/clamp');
    case 'clone': return require('lodash/clone');
    case 'cloneDeep': return require('lodash/cloneDeep');
    case 'cloneDeepWith': return require('lodash/cloneDeepWith');
    case 'cloneWith': return require('lodash/cloneWith');
    case 'conformsTo': return require('lodash/conformsTo');
    case 'deburr': return require('lodash/deburr');
    case 'defaultTo': return require('lodash/defaultTo');
    case 'divide': return require('lodash/divide');
    case 'endsWith': return require('lodash/endsWith');
    case 'eq': return require('lodash/eq');
    case 'escape': return require('lodash/escape');
    case 'escapeRegExp': return require('lodash/escapeRegExp');
    case 'every': return require('lodash/every');
    case 'find': return require('lodash/find');
    case 'findIndex': return require('lodash/findIndex');
    case 'findKey': return require('lodash/findKey');
    case 'findLast': return require('lodash/findLast');
    case 'findLastIndex': return require('lodash/findLastIndex');
    case 'findLastKey': return require('lodash/findLastKey');
    case 'floor': return require('lodash/floor');
    case 'forEach': return require('lodash/forEach');
    case 'forEachRight': return require('lodash/forEachRight');
    case 'forIn': return require('lodash/forIn');
    case 'forInRight': return require('lodash/forInRight');
    case 'forOwn': return require('lodash/forOwn');
    case 'forOwnRight': return require('lodash/forOwnRight');
    case 'get': return require('lodash/get');
    case 'gt': return require('lodash/gt');
    case 'gte': return require('lodash/gte');
    case 'has': return require('lodash/has');
    case 'hasIn': return require('lodash/hasIn');
    case 'head': return require('lodash/head');
    case 'identity': return require('lodash/identity');
    case 'includes': return require('lodash/includes');
    case 'indexOf': return require('lodash/indexOf');
    case 'inRange': return require('lodash/inRange');
    case 'invoke': return require('lodash/invoke');
    case 'isArguments': return require('lodash/isArguments');
    case 'isArray': return require('lodash/isArray');
    case 'isArrayBuffer': return require('lodash/isArrayBuffer');
    case 'isArrayLike': return require('lodash/isArrayLike');
    case 'isArrayLikeObject': return require('lodash/isArrayLikeObject');
    case 'isBoolean': return require('lodash/isBoolean');
    case 'isBuffer': return require('lodash/isBuffer');
    case 'isDate': return require('lodash/isDate');
    case 'isElement': return require('lodash/isElement');
    case 'isEmpty': return require('lodash/isEmpty');
    case 'isEqual': return require('lodash/isEqual');
    case 'isEqualWith': return require('lodash/isEqualWith');
    case 'isError': return require('lodash/isError');
    case 'isFinite': return require('lodash/isFinite');
    case 'isFunction': return require('lodash/isFunction');
    case 'isInteger': return require('lodash/isInteger');
    case 'isLength': return require('lodash/isLength');
    case 'isMap': return require('lodash/isMap');
    case 'isMatch': return require('lodash/isMatch');
    case 'isMatchWith': return require('lodash/isMatchWith');
    case 'isNaN': return require('lodash/isNaN');
    case 'isNative': return require('lodash/isNative');
    case 'isNil': return require('lodash/isNil');
    case 'isNull': return require('lodash/isNull');
    case 'isNumber': return require('lodash/isNumber');
    case 'isObject': return require('lodash/isObject');
    case 'isObjectLike': return require('lodash/isObjectLike');
    case 'isPlainObject': return require('lodash/isPlainObject');
    case 'isRegExp': return require('lodash/isRegExp');
    case 'isSafeInteger': return require('lodash/isSafeInteger');
    case 'isSet': return require('lodash/isSet');
    case 'isString': return require('lodash/isString');
    case 'isSymbol': return require('lodash/isSymbol');
    case 'isTypedArray': return require('lodash/isTypedArray');
    case 'isUndefined': return require('lodash/isUndefined');
    case 'isWeakMap': return require('lodash/isWeakMap');
    case 'isWeakSet': return require('lodash/isWeakSet');
    case 'join': return require('lodash/join');
    case 'kebabCase': return require('lodash/kebabCase');
    case 'last': return require('lodash/last');
    case 'lastIndexOf': return require('lodash/lastIndexOf');
    case 'lowerCase': return require('lodash/lowerCase');
    case 'lowerFirst': return require('lodash/lowerFirst');
    case 'lt': return require('lodash/lt');
    case 'lte': return require('lodash/lte');
    case 'max': return require('lodash/max');
    case 'maxBy': return require('lodash/maxBy');
    case 'mean': return require('lodash/mean');
    case 'meanBy': return require('lodash/meanBy');
    case 'min': return require('lodash/min');
    case 'minBy': return require('lodash/minBy');
    case 'stubArray': return require('lodash/stubArray');
    case 'stubFalse': return require('lodash/stubFalse');
    case 'stubObject': return require('lodash/stubObject');
    case 'stubString': return require('lodash/stubString');
    case 'stubTrue': return require('lodash/stubTrue');
    case 'multiply': return require('lodash/multiply');
    case 'nth': return require('lodash/nth');
    case 'noop': return require('lodash/noop');
    case 'now': return require('lodash/now');
    case 'pad': return require('lodash/pad');
    case 'padEnd': return require('lodash/padEnd');
    case 'padStart': return require('lodash/padStart');
    case 'parseInt': return require('lodash/parseInt');
    case 'random': return require('lodash/random');
    case 'reduce': return require('lodash/reduce');
    case 'reduceRight': return require('lodash/reduceRight');
    case 'repeat': return require('lodash/repeat');
    case 'replace': return require('lodash/replace');
    case 'result': return require('lodash/result');
    case 'round': return require('lodash/round');
    case 'sample': return require('lodash/sample');
    case 'size': return require('lodash/size');
    case 'snakeCase': return require('lodash/snakeCase');
    case 'some': return require('lodash/some');
    case 'sortedIndex': return require('lodash/sortedIndex');
    case 'sortedIndexBy': return require('lodash/sortedIndexBy');
    case 'sortedIndexOf': return require('lodash/sortedIndexOf');
    case 'sortedLastIndex': return require('lodash/sortedLastIndex');
    case 'sortedLastIndexBy': return require('lodash/sortedLastIndexBy');
    case 'sortedLastIndexOf': return require('lodash/sortedLastIndexOf');
    case 'startCase': return require('lodash/startCase');
    case 'startsWith': return require('lodash/startsWith');
    case 'subtract': return require('lodash/subtract');
    case 'sum': return require('lodash/sum');
    case 'sumBy': return require('lodash/sumBy');
    case 'times': return require('lodash/times');
    case 'toFinite': return require('lodash/toFinite');
    case 'toInteger': return require('lodash/toInteger');
    case 'toLength': return require('lodash/toLength');
    case 'toLower': return require('lodash/toLower');
    case 'toNumber': return require('lodash/toNumber');
    case 'toSafeInteger': return require('lodash/toSafeInteger');
    case 'toString': return require('lodash/toString');
    case 'toUpper': return require('lodash/toUpper');
    case 'trim': return require('lodash/trim');
    case 'trimEnd': return require('lodash/trimEnd');
    case 'trimStart': return require('lodash/trimStart');
    case 'truncate': return require('lodash/truncate');
    case 'unescape': return require('lodash/unescape');
    case 'uniqueId': return require('lodash/uniqueId');
    case 'upperCase': return require('lodash/upperCase');
    case 'upperFirst': return require('lodash/upperFirst');
    case 'each': return require('lodash/each');
    case 'eachRight': return require('lodash/eachRight');
    case 'first': return require('lodash/first');
    case 'VERSION': return require('lodash/package.json').version;
    case 'prototype': case 'runInContext': case 'noConflict': case 'chain': return original()[name];
  }
}

const members = (value) => original()(value);
Object.defineProperty(members, Symbol.hasInstance, { value: (v) => v instanceof original() }); // the engine asks no proxy

const own = Object.prototype.hasOwnProperty;

function known(name) {
  if (typeof name !== 'string' || own.call(members, name)) return;
  const value = load(name);
  if (value !== undefined) Object.defineProperty(members, name, { value, writable: true, enumerable: name !== 'prototype', configurable: true });
}

const facade = new Proxy(members, {
  get(target, name) {
    known(name);
    return target[name];
  },
  has(target, name) {
    known(name);
    return name in target;
  },
  getOwnPropertyDescriptor(target, name) {
    known(name);
    return Reflect.getOwnPropertyDescriptor(target, name);
  },
  ownKeys(target) {
    Object.keys(original()).forEach(known);
    return Reflect.ownKeys(target);
  },
  set(target, name, value) {
    if (name === 'templateSettings') {
      Object.assign(settings(), value);
      return true;
    }
    if (name === 'iteratee') { // the original's other functions heed it
      whole = true;
      for (const key of Object.keys(target)) delete target[key];
    }
    if (all || whole) original()[name] = value;
    target[name] = value;
    return true;
  },
  apply: (target, self, args) => original()(...args),
});

module.exports = facade;
