/**
 * Asks once for the terms, on the shop's page, and remembers the answer.
 */
const CLAIM = 'https://acme.example/terms';

exports.onExecutePostLogin = async (event, api) => {
  const { terms } = event.user.app_metadata;
  if (terms) return api.idToken.setCustomClaim(CLAIM, terms);
  const token = api.redirect.encodeToken({ secret: event.secrets.SITE_SECRET, expiresInSeconds: 600, payload: { iss: 'login', aud: 'terms' } });
  api.redirect.sendUserTo(event.secrets.SITE_URL + '/ask/terms', { query: { session_token: token } });
};

exports.onContinuePostLogin = async (event, api) => {
  const { answer } = api.redirect.validateToken({ secret: event.secrets.SITE_SECRET });
  if (answer === 'no') return api.access.deny('You have not accepted the terms.');
  api.user.setAppMetadata('terms', answer);
  api.idToken.setCustomClaim(CLAIM, answer);
};
