module.exports = require('internal/compat/rule_core')((token) => ({ given: typeof token === 'string' ? token : '', make: true }));
