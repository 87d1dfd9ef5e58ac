const value = await new Promise((resume) => setTimeout(resume, 1, 'awaited'));
export const handler = async () => value;
export const nested = { deep: { handler: async () => 'nested' } };
export const withCallback = (event, context, callback) => callback(null, 'called back');
export const impatient = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  setTimeout(() => {}, 60_000);
  callback(null, context.callbackWaitsForEmptyEventLoop);
};
