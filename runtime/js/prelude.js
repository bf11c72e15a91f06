// What every realm offers and is written in JavaScript. The result is a function
// of natives that returns the exports.
(function (report, tickWaits) {
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

  // The ticks of a turn run when its own code ends, before its promise jobs: a
  // realm whose scripts mention nextTick runs every turn through `turn`. A tick
  // that is queued elsewhere, by a promise job, runs when the jobs are done: the
  // loop is told, and calls `flush`.
  var ticks = null;
  var late = [];

  function run(list) {
    for (var i = 0; i < list.length; i++) {
      try {
        apply(list[i][0], undefined, list[i][1]);
      } catch (e) {
        report(e);
      }
    }
  }

  function turn(f, self, args) {
    var outer = ticks;
    ticks = [];
    try {
      return apply(f, self, args);
    } finally {
      while (ticks.length > 0) {
        var list = ticks;
        ticks = [];
        run(list);
      }
      ticks = outer;
    }
  }

  function flush() {
    var list = late;
    late = [];
    turn(run, undefined, [list]);
  }

  function nextTick(callback) {
    if (typeof callback !== 'function') {
      var e = new TypeError('The "callback" argument must be of type function.');
      e.code = 'ERR_INVALID_ARG_TYPE';
      throw e;
    }
    var args = [];
    for (var i = 1; i < arguments.length; i++) args[i - 1] = arguments[i];
    if (ticks !== null) {
      ticks[ticks.length] = [callback, args];
    } else {
      late[late.length] = [callback, args];
      tickWaits();
    }
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

  // An error class of hooks. The second message is for the user.
  function hookError(name) {
    return errorClass(name, Error, function (message, friendlyMessage) {
      Object.defineProperty(this, 'name', { value: name, writable: true, configurable: true });
      Object.defineProperty(this, 'message', {
        value: message === undefined ? '' : String(message), writable: true, configurable: true
      });
      if (friendlyMessage !== undefined) this.friendlyMessage = String(friendlyMessage);
    });
  }

  return {
    hookError: hookError,
    queueMicrotask: queueMicrotask,
    nextTick: nextTick,
    turn: turn,
    flush: flush,
    UnauthorizedError: UnauthorizedError,
    ValidationError: ValidationError,
    WrongUsernameOrPasswordError: WrongUsernameOrPasswordError
  };
})
