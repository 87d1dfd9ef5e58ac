// Handlers of the differential test: every way to fail at invocation.
class CustomError extends Error {
  constructor() {
    super('custom\nsecond line');
    this.name = 'Named';
    this.code = 'E_CUSTOM';
    this.details = { a: [1], inner: new TypeError('inner') };
  }
}
exports.raises = async () => {
  throw new TypeError('nope é');
};
exports.sync = () => {
  throw new TypeError('nope');
};
exports.custom = async () => {
  throw new CustomError();
};
exports.caused = async () => {
  throw new Error('outer', { cause: new Error('cause') });
};
exports.text = async () => {
  throw 'text';
};
exports.object = async () => {
  throw { name: 'looks', message: 'like an error' };
};
exports.nothing = async () => {
  throw undefined;
};
exports.withDel = async () => {
  throw new Error('del \x7f');
};
exports.circular = async () => {
  const error = new Error('circular');
  error.self = { error };
  throw error;
};
exports.exits = async () => process.exit(3);
