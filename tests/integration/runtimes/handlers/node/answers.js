// Handlers of the differential test: what may be returned, and what may not.
exports.echo = async (event) => event;
exports.nothing = async () => {};
exports.text = async () => 'quo"te \\ é \u2028 😀 \x7f';
exports.numbers = async () => [0, -1, 1e30, 0.1, true, null, NaN, Infinity, undefined];
exports.date = async () => ({ when: new Date(0), map: new Map([[1, 2]]), buffer: Buffer.from('a') });
exports.circular = async () => {
  const loop = {};
  loop.loop = loop;
  return loop;
};
exports.bigint = async () => 10n;
exports.fn = async () => () => 1;
exports.plain = () => 'returned without a promise';
exports.nested = { deep: { handler: async () => 'nested' } };
exports.context = async (_event, context) => {
  const remaining = context.getRemainingTimeInMillis();
  return { context, keys: Object.keys(context), inTime: remaining > 50_000 && remaining <= 60_000 };
};
exports.trace = async () => [process.env._X_AMZN_TRACE_ID, Object.keys(process.env).filter((name) => name.includes('FD'))];
exports.number = 3;
