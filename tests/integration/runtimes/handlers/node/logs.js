// Handlers of the differential test: everything that can be logged.
exports.levels = async () => {
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'log']) console[level]('at', level);
};
exports.values = async () => {
  console.log('format %s %d %j', 'text', 1, { a: 1 }, 'rest');
  console.log({ a: { b: { c: { d: 1 } } } }, [1, 2]);
  console.log();
  console.log(undefined);
  console.log('first\nsecond\r\n  third é');
  console.log(new Map([[1, 2]]));
  console.log(10n);
};
exports.errors = async () => {
  const plain = new TypeError('one argument');
  plain.stack = 'TypeError: one argument\n    at nowhere';
  console.error(plain);
  console.error('with text', plain);
  console.error({ error: plain });
};
exports.mixed = async () => {
  console.log('one');
  process.stdout.write('two\n');
  console.log('three');
  process.stderr.write('four\n');
};
