'use strict';
// slack-notify 0: require('slack-notify')(webhook URL).
const kinds = {
  success: { channel: '#alerts', icon_emoji: ':trophy:', username: 'Hoorah' },
  bug: { channel: '#bugs', icon_emoji: ':bomb:', username: 'Bug' },
  alert: { channel: '#alerts', icon_emoji: ':warning:', username: 'Alert' },
  note: { channel: '#alerts', icon_emoji: ':bulb:', username: 'Note' },
};

module.exports = (url) => {
  const slack = {
    request(data, done) {
      if (!url) { console.log('No Slack URL configured.'); return false; }
      if (typeof done !== 'function') done = () => {};
      const fail = (err) => {
        if (typeof slack.onError === 'function') slack.onError(err);
        done(err);
      };
      require('request').post(url, { form: { payload: JSON.stringify(data) } }, (err, response, body) => {
        if (err) fail(err);
        else if (body !== 'ok') fail(new Error(body));
        else done();
      });
      return undefined;
    },
    send(options, done) {
      if (typeof options === 'string') options = { text: options };
      const data = Object.assign({ username: 'Robot', text: '', icon_emoji: ':bell:' }, options);
      if (options.fields) {
        data.attachments = (data.attachments || []).concat({
          fallback: 'Alert details',
          fields: Object.keys(options.fields).map((title) => ({ title, value: options.fields[title], short: String(options.fields[title]).length < 25 })),
        });
        delete data.fields;
      }
      if (options.icon_url && !options.icon_emoji) delete data.icon_emoji;
      return slack.request(data, done);
    },
    extend(defaults) {
      return (options, done) => slack.send(Object.assign({}, defaults, typeof options === 'string' ? { text: options } : options), done);
    },
  };
  for (const k of Object.keys(kinds)) slack[k] = slack.extend(kinds[k]);
  return slack;
};
