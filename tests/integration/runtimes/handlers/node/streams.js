// Handlers of the differential test: responses that are streamed.
const { Readable } = require('node:stream');
const { pipeline } = require('node:stream/promises');

const stream = (handler, options) => awslambda.streamifyResponse(handler, options);
const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

exports.text = stream(async (event, response) => {
  response.write('é one, ');
  await soon();
  response.write(Buffer.from('two, '));
  response.write(new Uint8Array([0x33, 0x21]));
  response.end();
});
exports.objects = stream(async (event, response) => {
  response.write({ event, n: [1, null] });
  response.write(17);
  response.end('"the end"');
});
exports.ends = stream(async (event, response) => {
  response.end('all at once');
});
exports.nothing = stream(async (event, response) => {
  response.end();
});
exports.emptyFirst = stream(async (event, response) => {
  response.write('');
  response.write('behind nothing');
  response.end();
});
exports.contentType = stream(async (event, response) => {
  response.setContentType('text/html; charset=utf-8');
  response.write('<p>');
  response.end();
});
exports.contentTypeTooLate = stream(async (event, response) => {
  response.write('begun');
  response.setContentType('text/html');
});
exports.badContentType = stream(async (event, response) => {
  response.setContentType('a\nb');
});
exports.noContentType = stream(async (event, response) => {
  response.setContentType();
});
exports.http = stream(async (event, response) => {
  const metadata = { statusCode: 418, headers: { 'X-One': '1' }, cookies: ['a=b', 'c=d'] };
  const http = awslambda.HttpResponseStream.from(response, metadata);
  http.write('short and stout');
  http.end(' indeed');
});
exports.httpEndsOnly = stream(async (event, response) => {
  awslambda.HttpResponseStream.from(response, { statusCode: 200 }).end('no prelude');
});
exports.pipes = stream(async (event, response) => {
  await pipeline(Readable.from(['a', 'b', 'c'.repeat(100_000), Buffer.from('d')]), response);
});
exports.large = stream(async (event, response) => {
  for (let n = 0; n < 40; n += 1) {
    if (!response.write(String(n % 10).repeat(50_000))) await new Promise((resolve) => response.once('drain', resolve));
  }
  response.end();
});
exports.highWaterMark = stream(
  async (event, response) => {
    response.write('x');
    response.end();
  },
  { highWaterMark: 1000 },
);
exports.returns = stream(async (event, response) => {
  response.end('and returns');
  return 7;
});
exports.throwsFirst = stream(async () => {
  throw new TypeError('before anything');
});
exports.throwsLater = stream(async (event, response) => {
  response.write('half ');
  await soon();
  throw new RangeError('in the middle');
});
exports.throwsText = stream(async (event, response) => {
  response.write('half');
  throw 'only words';
});
exports.throwsAtTheEnd = stream(async (event, response) => {
  response.end('whole');
  throw new Error('after all');
});
exports.sync = stream((event, response) => {
  response.end('not async');
});
exports.syncNothing = stream(() => 1);
exports.syncThrows = stream(() => {
  throw new SyntaxError('at once');
});
exports.context = stream(async (event, response, context) => {
  const remaining = context.getRemainingTimeInMillis();
  response.write({ context, keys: Object.keys(context), inTime: remaining > 50_000 && remaining <= 60_000 });
  response.end();
});
exports.doesNotWait = stream(async (event, response, context) => {
  if ('callbackWaitsForEmptyEventLoop' in context) context.callbackWaitsForEmptyEventLoop = false;
  setInterval(() => {}, 1000).unref();
  response.end('now');
});
exports.waits = stream(async (event, response) => {
  setTimeout(() => console.log('still here'), 1_000);
  response.end('later');
});
exports.logs = stream(async (event, response) => {
  console.log('streaming');
  response.end('logged');
});
exports.properties = stream(async (event, response) => {
  const { writable, writableEnded, writableFinished, writableObjectMode, writableCorked, destroyed } = response;
  response.write({ writable, writableEnded, writableFinished, writableObjectMode, writableCorked, destroyed });
  response.end();
});
const unknown = async () => 1;
unknown[Symbol.for('aws.lambda.runtime.handler.streaming')] = 'requests';
exports.unknown = unknown;
const unmarked = async () => 'not streamed';
unmarked[Symbol.for('aws.lambda.runtime.handler.streaming')] = false;
exports.unmarked = unmarked;
exports.global = async () => [typeof awslambda.streamifyResponse, typeof awslambda.HttpResponseStream.from];
