/**
 * Only verified addresses log in.
 */
exports.onExecutePostLogin = async (event, api) => {
  if (!event.user.email_verified) {
    api.access.deny('Please verify your email address first: we have sent you a link.');
  }
};
