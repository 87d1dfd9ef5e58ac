// Handlers of the differential test: every way to answer without a promise.
exports.success = (event, context, callback) => callback(null, { event });
exports.error = (event, context, callback) => callback(new RangeError('through the callback'));
exports.text = (event, context, callback) => callback('only text');
exports.waits = (event, context, callback) => {
  setTimeout(() => console.log('timer ran before the answer'), 20);
  callback(null, 'waited');
};
exports.impatient = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  setTimeout(() => {}, 60_000).unref();
  callback(null, 'did not wait');
};
exports.twice = (event, context, callback) => {
  callback(null, 'first');
  callback(null, 'second');
};
exports.late = (event, context, callback) => setTimeout(() => callback(null, 'late'), 20);
exports.never = (event, context, callback) => {};
exports.neverWithTimer = (event, context, callback) => {
  setTimeout(() => console.log('timer'), 20);
};
exports.succeed = (event, context, callback) => context.succeed('succeeded');
exports.fail = (event, context, callback) => context.fail(new Error('failed'));
exports.failWithNothing = (event, context, callback) => context.fail();
exports.done = (event, context, callback) => context.done(null, 'done');
exports.callbackAndPromise = async (event, context, callback) => {
  callback(null, 'callback');
  return 'promise';
};
exports.uncaught = (event, context, callback) => {
  setTimeout(() => {
    throw new Error('after a while');
  }, 5);
};
exports.rejection = (event, context, callback) => {
  Promise.reject(new Error('nobody waits for'));
};
