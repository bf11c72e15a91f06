'use strict';
// uuid 2 and 3: callable.
const { v1, v3, v4, v5, parse, unparse } = require('uuid@7');
function uuid(options, buf, offset) { return v4(options, buf, offset); }
Object.assign(uuid, { v1, v3, v4, v5, parse, unparse });
module.exports = uuid;
