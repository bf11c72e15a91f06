'use strict';
// The methods of the management and authentication clients:
//
//	method: [verb, path, arguments, flat name in generations 2 and 3]
//
// Arguments: p is an object whose members fill the :names of the path, the rest
// becomes the query; d is the body; i fills :id and is a string in 2 and 3, an
// object in 4.
const crud = (path, id, one, many, get) => ({
  getAll: ['GET', path, 'p', 'get' + many],
  get: ['GET', `${path}/:${id}`, 'p', get || 'get' + one],
  create: ['POST', path, 'd', 'create' + one],
  update: ['PATCH', `${path}/:${id}`, 'pd', 'update' + one],
  delete: ['DELETE', `${path}/:${id}`, 'p', 'delete' + one],
});
const u = 'users/:id', o = 'organizations/:id', r = 'roles/:id';

const management = {
  users: Object.assign(crud('users', 'id', 'User', 'Users'), {
    link: ['POST', u + '/identities', 'id', 'linkUsers'],
    unlink: ['DELETE', u + '/identities/:provider/:user_id', 'p', 'unlinkUsers'],
    getRoles: ['GET', u + '/roles', 'p', 'getUserRoles'],
    assignRoles: ['POST', u + '/roles', 'pd', 'assignRolestoUser'],
    removeRoles: ['DELETE', u + '/roles', 'pd', 'removeRolesFromUser'],
    deleteRoles: ['DELETE', u + '/roles', 'pd'],
    getPermissions: ['GET', u + '/permissions', 'p', 'getUserPermissions'],
    assignPermissions: ['POST', u + '/permissions', 'pd', 'assignPermissionsToUser'],
    removePermissions: ['DELETE', u + '/permissions', 'pd', 'removePermissionsFromUser'],
    deletePermissions: ['DELETE', u + '/permissions', 'pd'],
    logs: ['GET', u + '/logs', 'p', 'getUserLogs'],
    getLogs: ['GET', u + '/logs', 'p'],
    getGuardianEnrollments: ['GET', u + '/enrollments', 'p', 'getGuardianEnrollments'],
    getEnrollments: ['GET', u + '/enrollments', 'p'],
    deleteMultifactorProvider: ['DELETE', u + '/multifactor/:provider', 'p', 'deleteUserMultifactor'],
    getUserOrganizations: ['GET', u + '/organizations', 'p', 'getUserOrganizations'],
    regenerateRecoveryCode: ['POST', u + '/recovery-code-regeneration', 'p', 'regenerateRecoveryCode'],
    invalidateRememberBrowser: ['POST', u + '/multifactor/actions/invalidate-remember-browser', 'p', 'invalidateRememberBrowser'],
    getAuthenticationMethods: ['GET', u + '/authentication-methods', 'p', 'getAuthenticationMethods'],
    deleteAuthenticationMethods: ['DELETE', u + '/authentication-methods', 'p', 'deleteAuthenticationMethods'],
  }),
  usersByEmail: { getByEmail: ['GET', 'users-by-email', 'p'] },
  clients: crud('clients', 'client_id', 'Client', 'Clients'),
  connections: crud('connections', 'id', 'Connection', 'Connections'),
  clientGrants: crud('client-grants', 'id', 'ClientGrant', 'ClientGrants'),
  resourceServers: crud('resource-servers', 'id', 'ResourceServer', 'ResourceServers'),
  deviceCredentials: crud('device-credentials', 'id', 'DeviceCredential', 'DeviceCredentials'),
  rules: crud('rules', 'id', 'Rule', 'Rules'),
  grants: { getAll: ['GET', 'grants', 'p', 'getGrants'], delete: ['DELETE', 'grants/:id', 'p', 'deleteGrant'] },
  roles: Object.assign(crud('roles', 'id', 'Role', 'Roles'), {
    getUsers: ['GET', r + '/users', 'p', 'getUsersInRole'],
    assignUsers: ['POST', r + '/users', 'pd', 'assignUsersToRole'],
    getPermissions: ['GET', r + '/permissions', 'p', 'getPermissionsInRole'],
    addPermissions: ['POST', r + '/permissions', 'pd', 'addPermissionsInRole'],
    removePermissions: ['DELETE', r + '/permissions', 'pd', 'removePermissionsFromRole'],
    deletePermissions: ['DELETE', r + '/permissions', 'pd'],
  }),
  organizations: Object.assign(crud('organizations', 'id', 'Organization', 'Organizations'), {
    getByID: ['GET', o, 'p'],
    getByName: ['GET', 'organizations/name/:name', 'p', 'getOrganizationByName'],
    getMembers: ['GET', o + '/members', 'p'],
    addMembers: ['POST', o + '/members', 'pd'],
    removeMembers: ['DELETE', o + '/members', 'pd'],
    deleteMembers: ['DELETE', o + '/members', 'pd'],
    getMemberRoles: ['GET', o + '/members/:user_id/roles', 'p'],
    addMemberRoles: ['POST', o + '/members/:user_id/roles', 'pd'],
    removeMemberRoles: ['DELETE', o + '/members/:user_id/roles', 'pd'],
    deleteMemberRoles: ['DELETE', o + '/members/:user_id/roles', 'pd'],
    getEnabledConnections: ['GET', o + '/enabled_connections', 'p'],
    getInvitations: ['GET', o + '/invitations', 'p'],
    createInvitation: ['POST', o + '/invitations', 'pd'],
  }),
  logs: { getAll: ['GET', 'logs', 'p', 'getLogs'], get: ['GET', 'logs/:id', 'p', 'getLog'] },
  tickets: {
    changePassword: ['POST', 'tickets/password-change', 'd', 'createPasswordChangeTicket'],
    verifyEmail: ['POST', 'tickets/email-verification', 'd', 'createEmailVerificationTicket'],
  },
  jobs: { get: ['GET', 'jobs/:id', 'p', 'getJob'], verifyEmail: ['POST', 'jobs/verification-email', 'd', 'sendEmailVerification'] },
  stats: { getActiveUsersCount: ['GET', 'stats/active-users', 'p', 'getActiveUsersCount'], getDaily: ['GET', 'stats/daily', 'p', 'getDailyStats'] },
  tenant: { getSettings: ['GET', 'tenants/settings', 'p', 'getTenantSettings'], updateSettings: ['PATCH', 'tenants/settings', 'd', 'updateTenantSettings'] },
  tenants: { getSettings: ['GET', 'tenants/settings', 'p'], updateSettings: ['PATCH', 'tenants/settings', 'd'] },
  userBlocks: {
    get: ['GET', 'user-blocks/:id', 'p', 'getUserBlocks'], delete: ['DELETE', 'user-blocks/:id', 'p', 'unblockUser'],
    getByIdentifier: ['GET', 'user-blocks', 'p', 'getUserBlocksByIdentifier'], deleteByIdentifier: ['DELETE', 'user-blocks', 'p', 'unblockUserByIdentifier'],
    getAll: ['GET', 'user-blocks', 'p'], deleteAll: ['DELETE', 'user-blocks', 'p'],
  },
  blacklistedTokens: { getAll: ['GET', 'blacklists/tokens', 'p', 'getBlacklistedTokens'], add: ['POST', 'blacklists/tokens', 'd', 'blacklistToken'] },
  blacklists: { getAll: ['GET', 'blacklists/tokens', 'p'], add: ['POST', 'blacklists/tokens', 'd'] },
  guardian: {
    createEnrollmentTicket: ['POST', 'guardian/enrollments/ticket', 'd', 'createGuardianEnrollmentTicket'],
    getEnrollment: ['GET', 'guardian/enrollments/:id', 'p'],
    getGuardianEnrollment: ['GET', 'guardian/enrollments/:id', 'p', 'getGuardianEnrollment'],
    deleteGuardianEnrollment: ['DELETE', 'guardian/enrollments/:id', 'p'],
    deleteEnrollment: ['DELETE', 'guardian/enrollments/:id', 'p', 'deleteGuardianEnrollment'],
  },
};

// Calls of the authentication API, POST all. [path, what is added to the body];
// a grant also needs the client's secret.
const authentication = {
  oauth: {
    clientCredentialsGrant: ['oauth/token', { grant_type: 'client_credentials' }],
    passwordGrant: ['oauth/token', { grant_type: 'password' }, 'http://auth0.com/oauth/grant-type/password-realm'],
    refreshToken: ['oauth/token', { grant_type: 'refresh_token' }],
    refreshTokenGrant: ['oauth/token', { grant_type: 'refresh_token' }],
    authorizationCodeGrant: ['oauth/token', { grant_type: 'authorization_code' }],
    revokeRefreshToken: ['oauth/revoke', {}],
    signIn: ['oauth/ro', { grant_type: 'password', scope: 'openid' }],
  },
  database: {
    signUp: ['dbconnections/signup', {}],
    changePassword: ['dbconnections/change_password', {}],
    requestChangePasswordEmail: ['dbconnections/change_password', {}],
    signIn: ['oauth/ro', { grant_type: 'password', scope: 'openid' }],
  },
  passwordless: {
    sendEmail: ['passwordless/start', { connection: 'email' }],
    sendSMS: ['passwordless/start', { connection: 'sms' }],
    loginWithEmail: ['oauth/token', { grant_type: 'http://auth0.com/oauth/grant-type/passwordless/otp', realm: 'email' }],
    loginWithSMS: ['oauth/token', { grant_type: 'http://auth0.com/oauth/grant-type/passwordless/otp', realm: 'sms' }],
  },
};
const flatAuthentication = {
  clientCredentialsGrant: 'oauth.clientCredentialsGrant', passwordGrant: 'oauth.passwordGrant', refreshToken: 'oauth.refreshToken',
  requestChangePasswordEmail: 'database.requestChangePasswordEmail', changePassword: 'database.changePassword',
  requestEmailCode: 'passwordless.sendEmail', requestMagicLink: 'passwordless.sendEmail', requestSMSCode: 'passwordless.sendSMS',
};
module.exports = { management, authentication, flatAuthentication };
