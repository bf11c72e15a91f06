'use strict';
// The tenant's own domain is where its settings say: see "management" in rulebox.json.
const { management: own } = require('rulebox/management');

// base maps the base URL of an API of the tenant's domain.
function base(url) {
  if (!own || !own.baseUrl || typeof url !== 'string') return url;
  const origin = 'https://' + own.domain;
  const to = own.baseUrl.replace(/\/+$/, '');
  if (url === origin + '/api/v2') return to;
  return url === origin ? to.replace(/\/api\/v2$/, '') : url;
}

// management makes the clients of the management API ask there.
exports.management = (BaseClient) => {
  for (const name of ['normalizeClientOptions', 'normalizeClientOptionsWithAuth']) {
    const original = BaseClient[name];
    BaseClient[name] = (options) => original(options && options.baseUrl ? Object.assign({}, options, { baseUrl: base(options.baseUrl) }) : options);
  }
};

// authentication does so for the other clients.
exports.authentication = ({ BaseAPI }) => {
  const request = BaseAPI.prototype.request;
  BaseAPI.prototype.request = function (...args) {
    const url = base(this.configuration.baseUrl);
    if (url !== this.configuration.baseUrl) this.configuration = Object.assign({}, this.configuration, { baseUrl: url });
    return request.apply(this, args);
  };
};

// token does so for what asks for the token of the management API since 7.
exports.token = ({ TokenProvider }) => {
  const fetchToken = TokenProvider.prototype.fetchToken;
  TokenProvider.prototype.fetchToken = function () {
    const origin = 'https://' + this.options.domain;
    const to = base(origin);
    if (to !== origin && !this.options.fetch) {
      this.options = Object.assign({}, this.options, { fetch: (url, init) => fetch(to + url.slice(origin.length), init) });
    }
    return fetchToken.call(this);
  };
};
