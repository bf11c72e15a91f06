function rememberCountry(user, context, callback) {
  const geo = context.request && context.request.geoip;
  if (geo && geo.country_code) {
    context.idToken['https://nordwind.example/country'] = geo.country_code;
    context.idToken['https://nordwind.example/zone'] = geo.time_zone;
    user.user_metadata = user.user_metadata || {};
    const seen = user.user_metadata.countries || [];
    if (seen.indexOf(geo.country_code) < 0) seen.push(geo.country_code);
    user.user_metadata.countries = seen;
  }
  callback(null, user, context);
}
