function onlyKnownDomains(user, context, callback) {
  if (!user.email || !user.email_verified) return callback(new Error('unverified'));
  var known = ['alfa.example', 'bravo.example', 'charlie.example', 'delta.example', 'echo.example', 'foxtrot.example',
    'golf.example', 'hotel.example', 'india.example', 'juliett.example', 'kilo.example', 'nordwind.example'];
  var host = user.email.split('@').pop().toLowerCase();
  if (!known.some(function (k) { return k === host; })) return callback(new Error('unknown domain'));
  callback(null, user, context);
}
