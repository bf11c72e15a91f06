'use strict';
// @auth0/rule-utilities. redirect says what the arguments of doRedirect mean.
const noRedirectProtocols = ['oauth2-resource-owner', 'oauth2-refresh-token', 'oauth2-password', 'redirect-callback'];

module.exports = (redirect) => {
  class Auth0RedirectRuleUtilities {
    constructor(user, context, configuration) {
      this.user = user || {};
      this.context = context || {};
      this.noRedirectProtocols = noRedirectProtocols;
      const c = configuration || {};
      this.tokenSecret = c.SESSION_TOKEN_SECRET;
      this.tokenExpiresIn = c.SESSION_TOKEN_EXPIRES_IN || '3d';
    }
    get verify() { return require('jsonwebtoken').verify; }
    get sign() { return require('jsonwebtoken').sign; }
    get redirectUrl() { return this.context.redirect && this.context.redirect.url; }
    get queryParams() { return this.context.request && this.context.request.query || {}; }
    get protocolCanRedirect() { return !this.noRedirectProtocols.includes(this.context.protocol); }
    get isRedirectCallback() { return this.context.protocol === 'redirect-callback'; }
    get canRedirect() {
      return !this.redirectUrl && !this.context.multifactor && this.queryParams.prompt !== 'none' && this.protocolCanRedirect;
    }
    _issuer() { return 'https://' + this.context.request.hostname + '/'; }
    _secret() {
      if (!this.tokenSecret) throw new Error('@auth0/rule-utilities: the configuration has no SESSION_TOKEN_SECRET');
      return this.tokenSecret;
    }
    createSessionToken(more) {
      const payload = Object.assign({ ip: this.context.request.ip, iss: this._issuer(), sub: this.user.user_id }, more);
      return this.sign(payload, this._secret(), { expiresIn: this.tokenExpiresIn });
    }
    validateSessionToken(options) {
      const payload = this.verify(this.queryParams.session_token, this._secret(),
        Object.assign({}, options, { subject: this.user.user_id, issuer: this._issuer() }));
      if (!payload.exp) throw new Error('Expired token');
      return payload;
    }
    doRedirect(url, options) {
      if (!this.canRedirect || !url) throw new Error('Cannot redirect');
      const { given, make } = redirect(options);
      const token = given || (make ? this.createSessionToken() : '');
      this.context.redirect = { url: token ? url + '?session_token=' + token : url };
    }
  }

  class Auth0UserUpdateUtilities {
    constructor(user, auth0, namespace) {
      const { ManagementClient } = require('auth0');
      this.apiClient = new ManagementClient({ token: auth0.accessToken, domain: auth0.domain });
      this.user = user;
      this.userId = user.user_id;
      this.updatedUserData = {};
      this.namespace = typeof namespace === 'string' && namespace ? namespace : undefined;
      this.isNamespaced = this.namespace !== undefined;
      for (const k of ['user_metadata', 'app_metadata']) {
        user[k] = user[k] || {};
        if (this.isNamespaced) user[k][namespace] = user[k][namespace] || {};
      }
    }
    _of(k) { return this.isNamespaced ? this.user[k][this.namespace] : this.user[k]; }
    setUser(key, value) { this.user[key] = this.updatedUserData[key] = value; }
    setUserMeta(key, value) { this._of('user_metadata')[key] = value; }
    setAppMeta(key, value) { this._of('app_metadata')[key] = value; }
    getUserMeta(key) { return this._of('user_metadata')[key]; }
    getAppMeta(key) { return this._of('app_metadata')[key]; }
    // Updates are sent and not waited for; one that fails is a line in the log.
    _send(what, data) {
      this.apiClient[what]({ id: this.userId }, data).catch((err) => console.error('@auth0/rule-utilities: ' + what + ' failed: ' + err.message));
    }
    updateUser() { this._send('updateUser', this.updatedUserData); }
    updateUserMetadata() { this._send('updateUserMetadata', this.user.user_metadata); }
    updateAppMetadata() { this._send('updateAppMetadata', this.user.app_metadata); }
    updateUserMeta() { this.updateUserMetadata(); }
    updateAppMeta() { this.updateAppMetadata(); }
  }
  return { Auth0RedirectRuleUtilities, Auth0UserUpdateUtilities, noRedirectProtocols };
};
