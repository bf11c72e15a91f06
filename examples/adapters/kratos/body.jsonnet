// What Rulebox needs of a web hook's context. Cookies are left out on purpose.
function(ctx) {
  flow: {
    [name]: ctx.flow[name]
    for name in ['id', 'type', 'request_url', 'active', 'transient_payload', 'oauth2_login_request', 'organization_id']
    if std.objectHas(ctx.flow, name)
  },
  request_headers: ctx.request_headers,
  identity: if std.objectHas(ctx, 'identity') then ctx.identity else null,
  session: if std.objectHas(ctx, 'session') then {
    [name]: ctx.session[name]
    for name in ['id', 'authenticator_assurance_level', 'authentication_methods', 'devices']
    if std.objectHas(ctx.session, name)
  } else null,
}
