// Stands for a call of the company that sends messages.
exports.onExecuteCustomPhoneProvider = async (event, api) => {
  const { recipient, code, as_text } = event.notification;
  if (!/^\+\d+$/.test(recipient) || !as_text.includes(code)) throw new Error('not a message');
  if (recipient.endsWith('13')) return api.notification.retry('the line is busy');
};
