/**
 * Asks for a second factor when the application does, and there was none yet.
 */
const MULTI_FACTOR = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor';

exports.onExecutePostLogin = async (event, api) => {
  const asked = (event.request.query.acr_values || '').split(' ').includes(MULTI_FACTOR);
  const done = (event.authentication?.methods || []).some((m) => m.name === 'mfa');
  if (asked && !done) {
    api.authentication.challengeWithAny([{ type: 'otp' }, { type: 'webauthn-platform' }]);
  }
};
