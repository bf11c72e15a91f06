// What every realm offers and is written in JavaScript. The result is a function
// of natives that returns the exports.
(function (report) {
  'use strict';

  var apply = Reflect.apply;
  var then = Promise.prototype.then;
  var resolved = Promise.resolve();

  function queueMicrotask(callback) {
    if (typeof callback !== 'function') {
      var e = new TypeError('The "callback" argument must be of type function.');
      e.code = 'ERR_INVALID_ARG_TYPE';
      throw e;
    }
    apply(then, resolved, [function () {
      try {
        callback();
      } catch (e) {
        report(e);
      }
    }]);
  }

  // nextTick is queueMicrotask with arguments; the ticks of a turn run before
  // its promise jobs only as far as they were queued first.
  function nextTick(callback) {
    if (typeof callback !== 'function') {
      var e = new TypeError('The "callback" argument must be of type function.');
      e.code = 'ERR_INVALID_ARG_TYPE';
      throw e;
    }
    var args = [];
    for (var i = 1; i < arguments.length; i++) args[i - 1] = arguments[i];
    queueMicrotask(function () { apply(callback, undefined, args); });
  }

  // The error classes of rules and database scripts. They are callable without
  // new, as they were.
  function errorClass(name, parent, init) {
    function ErrorClass() {
      var e = this instanceof ErrorClass ? this : Object.create(ErrorClass.prototype);
      var made = Reflect.construct(Error, [], e.constructor && e instanceof ErrorClass ? e.constructor : ErrorClass);
      apply(init, made, arguments);
      return made;
    }
    Object.defineProperty(ErrorClass, 'name', { value: name, configurable: true });
    ErrorClass.prototype = Object.create(parent.prototype, {
      constructor: { value: ErrorClass, writable: true, configurable: true }
    });
    Object.setPrototypeOf(ErrorClass, parent);
    return ErrorClass;
  }

  function fill(e, name, code, message, statusCode) {
    e.name = name;
    e.code = code;
    Object.defineProperty(e, 'message', {
      value: message === undefined ? '' : String(message), writable: true, configurable: true
    });
    e.description = message;
    e.statusCode = statusCode;
  }

  var AuthorizationError = errorClass('AuthorizationError', Error, function (code, message) {
    fill(this, 'AuthorizationError', code, message, 401);
  });
  var UnauthorizedError = errorClass('UnauthorizedError', AuthorizationError, function (message) {
    fill(this, 'UnauthorizedError', 'unauthorized', message, 401);
  });
  var ValidationError = errorClass('ValidationError', Error, function (code, message) {
    fill(this, 'ValidationError', code, message, 400);
  });
  var WrongUsernameOrPasswordError = errorClass('WrongUsernameOrPasswordError', Error, function (id, message) {
    fill(this, 'WrongUsernameOrPasswordError', 'wrongusernameorpassword', message, 400);
    this.user_id = id;
  });

  return {
    queueMicrotask: queueMicrotask,
    nextTick: nextTick,
    UnauthorizedError: UnauthorizedError,
    ValidationError: ValidationError,
    WrongUsernameOrPasswordError: WrongUsernameOrPasswordError
  };
})
