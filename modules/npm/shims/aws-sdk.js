'use strict';
// The whole SDK as aws-sdk/lib/aws.js gives it, but each service is loaded when
// it is first touched: there are some four hundred.
require('aws-sdk/lib/maintenance_mode_message').suppress = true; // the author of a rule has no say in it
require('aws-sdk/lib/node_loader');
const AWS = require('aws-sdk/lib/core');
const clients = require('aws-sdk/clients/all'); // made lazy by the builder

for (const name of Object.keys(clients)) {
  Object.defineProperty(AWS, name, {
    configurable: true,
    enumerable: true,
    get() {
      // Loading a client assigns it to AWS, by the setter.
      return clients[name];
    },
    set(value) {
      Object.defineProperty(AWS, name, { value, configurable: true, enumerable: true, writable: true });
    },
  });
}

module.exports = AWS;
