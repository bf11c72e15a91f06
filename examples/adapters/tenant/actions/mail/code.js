exports.onExecuteCustomEmailProvider = async (event, api) => {
  const { to, text, html, subject } = event.notification;
  if (!to || !subject || !text.includes('token=') || !html.includes('<a href=')) throw new Error('not a message');
  if (to.startsWith('gone@')) return api.notification.drop('there is no such mailbox');
};
