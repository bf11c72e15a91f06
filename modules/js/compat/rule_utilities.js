module.exports = require('internal/compat/rule_core')((options) => {
  const { sessionToken, generateSessionToken = true } = options || {};
  return { given: typeof sessionToken === 'string' ? sessionToken : '', make: generateSessionToken === true };
});
