/**
 * lambdad's runtime client for Node.js 18 and newer: one file, standard library only.
 *
 * It loads the handler, then takes events from the Runtime API and posts answers, as AWS's own client
 * (aws-lambda-ric) does: version 3 of it up to Node.js 22 (callbacks, `callbackWaitsForEmptyEventLoop`),
 * version 4 from Node.js 24 on (async handlers only). The same payloads, error objects and log records.
 * It runs inside the sandbox and knows nothing of lambdad but two descriptors:
 *
 * - `_LAMBDAD_RUNTIME_FD`: `4@<address>`, a connected stream socket that speaks the Runtime API of that
 *   address. When a wrapper has closed it, or set `AWS_LAMBDA_RUNTIME_API` to another address (a proxy of its
 *   own), the client connects to `AWS_LAMBDA_RUNTIME_API`, as any other client.
 * - `_LAMBDA_TELEMETRY_LOG_FD`: takes framed log records; without it they go to stdout.
 *
 * The answer of one event and the request for the next leave in one write. While the handler runs the
 * connection does not keep the event loop alive, so that an empty loop is noticed.
 *
 * Source: aws-lambda-ric 3.3.0 and 4.0.2 (behaviour), AWS Lambda Runtime API.
 */

import { existsSync, fstatSync, readFileSync, writeSync } from 'node:fs';
import * as modules from 'node:module';
import { Socket } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { format, types } from 'node:util';

const require = modules.createRequire(import.meta.url);
const MAJOR = Number(process.versions.node.split('.')[0]);
const ASYNC_ONLY = MAJOR >= 24;
const MAX_XRAY_CAUSE_CHARACTERS = 16 * 1024; // a longer cause is left out; the platform keeps 64 KiB of headers
const EXIT_UNCAUGHT = 129;
const EXIT_UNHANDLED_REJECTION = 128;

// -------------------------------------------------------------------------------------------------
// Errors as objects

/** An error class of AWS's client; its own name shows in JSON logs, `Runtime.<name>` everywhere else. */
function namedError(name, sinceNode24 = name) {
  const className = ASYNC_ONLY ? sinceNode24 : name;
  const kind = {
    [className]: class extends Error {
      constructor(message) {
        super(ASYNC_ONLY ? String(message) : message);
        if (ASYNC_ONLY) this.name = `Runtime.${name}`;
      }
    },
  }[className];
  kind.prototype.name = `Runtime.${name}`;
  return kind;
}
const ImportModuleError = namedError('ImportModuleError');
const HandlerNotFound = namedError('HandlerNotFound', 'HandlerNotFoundError');
const MalformedHandlerName = namedError('MalformedHandlerName', 'MalformedHandlerNameError');
const UserCodeSyntaxError = namedError('UserCodeSyntaxError');
const UnhandledPromiseRejection = namedError('UnhandledPromiseRejection');
const MalformedStreamingHandler = namedError('MalformedStreamingHandler');
const InvalidStreamingOperation = namedError('InvalidStreamingOperation');
const CallbackHandlerDeprecated = namedError('CallbackHandlerDeprecated', 'CallbackHandlerDeprecatedError');
const JSONStringifyError = namedError('JSONStringifyError');

const withoutDel = (text) => text?.replaceAll('\x7F', '%7F');

function looksLikeError(value) {
  if (value instanceof Error) return true;
  if (ASYNC_ONLY) return false;
  return (
    types.isNativeError(value) ||
    (value?.name && value.message && value.stack && [value.name, value.message, value.stack].every((part) => typeof part === 'string'))
  );
}

/** The error object AWS answers with. */
function errorObject(error) {
  try {
    if (looksLikeError(error)) {
      return {
        errorType: withoutDel(error.name),
        errorMessage: withoutDel(error.message),
        trace: ASYNC_ONLY ? withoutDel(error.stack)?.split('\n') || [] : withoutDel(error.stack).split('\n'),
      };
    }
    return { errorType: typeof error, errorMessage: ASYNC_ONLY ? String(error) : error.toString(), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
      ...(ASYNC_ONLY ? { trace: [] } : {}),
    };
  }
}

function xrayCause(error) {
  try {
    const stack = (withoutDel(error.stack) || '')
      .split('\n')
      .slice(1)
      .map((line) => {
        const bare = line.trim().replace(/[()]/g, '');
        const rest = bare.slice(bare.indexOf(' ') + 1);
        const space = rest.lastIndexOf(' ');
        const [path, number] = rest.slice(space + 1).split(':');
        return { path, line: parseInt(number), label: (space >= 0 && rest.slice(0, space)) || 'anonymous' };
      });
    return JSON.stringify({
      working_directory: process.cwd(),
      exceptions: [{ type: withoutDel(error.name), message: withoutDel(error.message), stack }],
      paths: [...new Set(stack.map((entry) => entry.path))],
    });
  } catch {
    return '';
  }
}

const intoError = (value) => (value instanceof Error ? value : new Error(ASYNC_ONLY ? String(value) : value));

function serialize(value) {
  let text;
  try {
    text = JSON.stringify(value === undefined ? null : value);
  } catch {
    const message = 'Unable to stringify response body';
    throw ASYNC_ONLY ? new JSONStringifyError(message) : new Error(message);
  }
  if (typeof text !== 'string') throw new TypeError('Wrong arguments');
  return text;
}

// -------------------------------------------------------------------------------------------------
// Logs: console in AWS's format

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const JSON_LOGS = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';
const MIN_LEVEL = Math.max(0, LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()));
const TEXT_FRAME = 0xa55a0003;
const JSON_FRAME = 0xa55a0002;
const FRAME_HEADER_BYTES = 16;

let currentRequestId = ASYNC_ONLY ? '-' : undefined;
let currentTenantId;

function jsonRecord(now, level, params) {
  const record = { timestamp: now.toISOString(), level: LEVELS[level], requestId: currentRequestId };
  if (ASYNC_ONLY ? currentTenantId : currentTenantId !== undefined) record.tenantId = currentTenantId;
  if (params.length <= 1) {
    record.message = params[0];
    try {
      return JSON.stringify(record, errorReplacer);
    } catch {
      record.message = format(record.message);
      return JSON.stringify(record);
    }
  }
  record.message = format(...params);
  const error = params.slice(ASYNC_ONLY ? 1 : 0).find((param) => param instanceof Error);
  if (error) {
    record.errorType = error.constructor?.name ?? 'UnknownError';
    record.errorMessage = error.message;
    record.stackTrace = typeof error.stack === 'string' ? error.stack.split('\n') : [];
  }
  return JSON.stringify(record);
}

function errorReplacer(_key, value) {
  if (!(value instanceof Error)) return value;
  return {
    errorType: value.constructor?.name ?? 'UnknownError',
    errorMessage: value.message,
    stackTrace: typeof value.stack === 'string' ? value.stack.split('\n') : value.stack,
    ...value,
  };
}

/** Write all of it, in one call when the pipe takes it; the pipe may be non-blocking through stdout. */
function writeAll(descriptor, bytes) {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** Whether a descriptor still is what it was at the start, the same pipe as stdout or stderr. */
function isOutput(descriptor) {
  try {
    const told = fstatSync(descriptor);
    return [1, 2].some((output) => {
      const { dev, ino } = fstatSync(output);
      return dev === told.dev && ino === told.ino;
    });
  } catch {
    return false;
  }
}

function makeLog() {
  const descriptor = process.env._LAMBDA_TELEMETRY_LOG_FD;
  delete process.env._LAMBDA_TELEMETRY_LOG_FD;
  const textLine = (now, level, params) =>
    `${now.toISOString()}\t${currentRequestId}\t${LEVELS[level]}\t${format(...params)}`;
  const line = JSON_LOGS ? jsonRecord : textLine;
  if (descriptor === undefined || !isOutput(Number(descriptor))) {
    return (level, params) => {
      process.stdout.write(`${line(new Date(), level, params).replace(/\n/g, '\r')}\n`);
    };
  }
  const target = Number(descriptor);
  return (level, params) => {
    const now = new Date();
    const text = JSON_LOGS ? jsonRecord(now, level, params) : `${textLine(now, level, params)}\n`;
    const length = Buffer.byteLength(text);
    const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
    frame.writeUInt32BE(((JSON_LOGS ? JSON_FRAME : TEXT_FRAME) | ((level + 1) << 2)) >>> 0, 0);
    frame.writeUInt32BE(length, 4);
    frame.writeBigInt64BE(BigInt(now.valueOf()) * 1000n, 8);
    frame.write(text, FRAME_HEADER_BYTES);
    writeAll(target, frame);
  };
}

function patchConsole() {
  const log = makeLog();
  LEVELS.forEach((name, level) => {
    const silent = level < MIN_LEVEL && (ASYNC_ONLY || name !== 'FATAL');
    console[name.toLowerCase()] = silent ? () => {} : (message, ...params) => log(level, [message, ...params]);
  });
  console.log = console.info;
}

/** Log an error under a title, as AWS does. */
function logError(title, value) {
  const error = intoError(value);
  if (JSON_LOGS) {
    console.error(error);
    return;
  }
  let text;
  try {
    text = JSON.stringify(error, (_key, part) => (part instanceof Error ? enumerable(part) : part));
  } catch {
    text = JSON.stringify(errorObject(error));
  }
  console.error(title, `\t${text}`);
}

function enumerable(error) {
  const shown = Object.assign({ errorType: error.name, errorMessage: error.message, code: error.code }, error);
  if (typeof error.stack === 'string') shown.stack = error.stack.split('\n');
  return shown;
}

// -------------------------------------------------------------------------------------------------
// The connection: HTTP/1.1 with prebuilt requests

const ADDRESS = process.env.AWS_LAMBDA_RUNTIME_API || 'localhost';
const TAIL = ` HTTP/1.1\r\nHost: ${ADDRESS}\r\nUser-Agent: aws-lambda-nodejs/${process.versions.node}-lambdad\r\n`;
const NEXT = `GET /2018-06-01/runtime/invocation/next${TAIL}\r\n`;
const NO_BYTES = Buffer.alloc(0);

/** The inherited connection, or one per call when a wrapper took it away or leads elsewhere. */
function connect() {
  const told = process.env._LAMBDAD_RUNTIME_FD;
  delete process.env._LAMBDAD_RUNTIME_FD;
  const [descriptor, ownAddress] = told?.split('@') ?? [];
  const isOwn = descriptor !== undefined && (ownAddress ?? ADDRESS) === ADDRESS && isSocket(Number(descriptor));
  if (!isOwn) return new SeparateConnections();
  const socket = new Socket({ fd: Number(descriptor), readable: true, writable: true });
  // The environment is going away; nobody is left to answer to.
  socket.on('end', () => process.exit(0));
  socket.on('error', () => process.exit(0));
  return new Connection(socket);
}

function isSocket(descriptor) {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false;
  }
}

function unreachable(error) {
  writeSync(2, `The Runtime API at ${ADDRESS} cannot be reached: ${error.message}\n`);
  process.exit(1);
}

/** The Runtime API at any address, a TCP connection per call: proxies may not keep theirs open. */
class SeparateConnections {
  constructor() {
    this.http = require('node:http');
    this.before = Promise.resolve();
  }

  /** A connection for one streamed response; it ends with the answer to it. */
  forStream() {
    const { host, port } = this.target();
    const socket = require('node:net').createConnection(port, host);
    socket.on('error', unreachable);
    return new Connection(socket);
  }

  target() {
    const colon = ADDRESS.lastIndexOf(':');
    return { host: ADDRESS.slice(0, colon), port: Number(ADDRESS.slice(colon + 1)) };
  }

  /** Send requests one after the other, and call back once for each, in order. */
  send(requests, ...receivers) {
    requests.forEach((text, index) => {
      this.before = this.before.then(() => this.call(text)).then((answer) => {
        setImmediate(receivers[index], ...answer); // what it throws is not this promise's
      });
    });
  }

  call(text) {
    const end = text.indexOf('\r\n\r\n');
    const [first, ...lines] = text.slice(0, end).split('\r\n');
    const [method, path] = first.split(' ');
    const headers = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
    const target = { ...this.target(), agent: false };
    return new Promise((taken) => {
      const sent = this.http.request({ ...target, method, path, headers: Object.fromEntries(headers) }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => {
          const raw = response.rawHeaders;
          const found = raw.flatMap((name, index) => (index % 2 ? [] : [`${name}: ${raw[index + 1]}`]));
          taken([response.statusCode, ['', ...found].join('\r\n'), Buffer.concat(chunks)]);
        });
      });
      sent.on('error', unreachable);
      sent.end(text.slice(end + 4));
    });
  }
}

/** A connection that carries all calls (the inherited one), or one streamed response. */
class Connection {
  constructor(socket) {
    this.socket = socket;
    this.waiting = [];
    this.chunks = [];
    this.have = 0;
    this.need = 0; // bytes of head and body of the response under way; 0: the head is not complete
    this.socket.on('data', (chunk) => this.take(chunk));
    this.socket.unref();
  }

  /** Where a streamed response goes. */
  forStream() {
    return this;
  }

  /** From now on the connection keeps the event loop alive, until what is sent on it has been answered. */
  hold() {
    this.socket.ref();
  }

  /** Send requests in one write, and call back once for each, in order. */
  send(requests, ...receivers) {
    this.waiting.push(...receivers);
    this.socket.ref();
    this.socket.write(requests.length === 1 ? requests[0] : requests.join(''));
  }

  take(chunk) {
    this.chunks.push(chunk);
    this.have += chunk.length;
    if (this.have < this.need) return;
    let data = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks, this.have);
    this.need = 0;
    while (data.length) {
      const end = data.indexOf('\r\n\r\n');
      if (end < 0) break;
      const head = data.latin1Slice(0, end);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      this.need = end + 4 + length;
      if (data.length < this.need) break;
      const body = data.subarray(end + 4, this.need);
      data = data.subarray(this.need);
      this.need = 0;
      const receiver = this.waiting.shift();
      if (!this.waiting.length) this.socket.unref();
      receiver(Number(head.slice(9, 12)), head, body);
    }
    this.chunks = data.length ? [data] : [];
    this.have = data.length;
  }
}

function headersOf(head) {
  const headers = {};
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).trim();
    if (value) headers[line.slice(0, colon).toLowerCase()] = value;
  }
  return headers;
}

const request = (path, body, headers = '') =>
  `POST /2018-06-01/runtime/${path}${TAIL}Content-Type: application/json\r\n${headers}` +
  `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** The Runtime API as calls; whatever answers an event also asks for the next. */
class RuntimeClient {
  constructor(onEvent) {
    this.connection = connect();
    this.onEvent = onEvent;
    this.pending = [];
  }

  /** Send what was posted together with the request for the next event. */
  next() {
    const requests = this.pending;
    const posts = requests.map(() => () => {});
    requests.push(NEXT);
    this.pending = [];
    this.connection.send(requests, ...posts, (status, head, body) => {
      if (status !== 200) throw new Error(`Failed to get next invocation, error ${status}`);
      this.onEvent(headersOf(head), body);
    });
  }

  postResult(requestId, value) {
    this.pending.push(request(`invocation/${encodeURIComponent(requestId)}/response`, serialize(value)));
  }

  errorRequest(requestId, error) {
    const cause = xrayCause(error);
    const header = cause && cause.length <= MAX_XRAY_CAUSE_CHARACTERS && `Lambda-Runtime-Function-XRay-Error-Cause: ${cause}\r\n`;
    return request(`invocation/${encodeURIComponent(requestId)}/error`, serialize(errorObject(error)), header || '');
  }

  postError(requestId, error) {
    this.pending.push(this.errorRequest(requestId, error));
  }

  /** Post an error at once and call back when it was taken. */
  postLastError(requestId, error, then) {
    this.connection.send([this.errorRequest(requestId, error)], then);
  }

  /** A response that goes out as it is written. */
  stream(requestId, highWaterMark) {
    return new ResponseStream(this.connection.forStream(), requestId, highWaterMark);
  }

  postInitError(error, then) {
    const response = errorObject(error);
    const kind = `Lambda-Runtime-Function-Error-Type: ${response.errorType}\r\n`;
    this.connection.send([request('init/error', serialize(response), kind)], then);
  }
}

// -------------------------------------------------------------------------------------------------
// Streamed responses: a chunked body on the connection, errors in its trailers

const ERROR_TYPE = 'Lambda-Runtime-Function-Error-Type';
const ERROR_BODY = 'Lambda-Runtime-Function-Error-Body';
const LINE_END = Buffer.from('\r\n');

/** A TypeError as Node.js's own HTTP library raises it. */
function headerError(code, message) {
  const error = Object.assign(new TypeError(message), { code });
  error.stack = error.stack.replace(/^TypeError/, `TypeError [${code}]`);
  return error;
}

/**
 * What a streaming handler writes to. As with AWS's client the prelude of `HttpResponseStream` goes out
 * with the first `write`, not with an `end` that brings the only data.
 */
class ResponseStream extends Writable {
  #connection;
  #requestId;
  #contentType = 'application/octet-stream';
  #hasBegun = false;
  #hasEnded = false;
  #isWritten = false;
  #trailers = '';
  #answered;
  #refuse;

  constructor(connection, requestId, highWaterMark) {
    super(highWaterMark ? { highWaterMark } : {});
    this.#connection = connection;
    this.#requestId = requestId;
    /** Resolves when the platform has taken the whole response. */
    this.answered = new Promise((taken, refused) => {
      this.#answered = taken;
      this.#refuse = refused;
    });
    this.answered.catch(() => {});
    this.on('error', () => {}); // the handler hears of it through `answered`
    connection.hold();
  }

  /** Whether anything of it has been sent: no other request fits on the connection then. */
  get hasBegun() {
    return this.#hasBegun;
  }

  setContentType(contentType) {
    if (this.#isWritten) throw new InvalidStreamingOperation('Cannot set content-type, too late.');
    if (contentType === undefined) {
      throw headerError('ERR_HTTP_INVALID_HEADER_VALUE', 'Invalid value "undefined" for header "Content-Type"');
    }
    if (/[^\t\x20-\x7e\x80-\xff]/.test(contentType)) {
      throw headerError('ERR_INVALID_CHAR', 'Invalid character in header content ["Content-Type"]');
    }
    this.#contentType = contentType;
  }

  write(chunk, encoding, callback) {
    const isData = typeof chunk === 'string' || chunk instanceof Uint8Array;
    if (!this.#isWritten) this._onBeforeFirstWrite?.((data) => super.write(data));
    this.#isWritten = true;
    return super.write(isData ? chunk : JSON.stringify(chunk), encoding, callback);
  }

  #send(chunks, callback) {
    const { socket } = this.#connection;
    socket.cork();
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#connection.send([
        `POST /2018-06-01/runtime/invocation/${encodeURIComponent(this.#requestId)}/response${TAIL}` +
          `Content-Type: ${this.#contentType}\r\nTrailer: ${ERROR_TYPE}, ${ERROR_BODY}\r\n` +
          'Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n',
      ], () => this.#answered());
    }
    for (const chunk of chunks) {
      if (!chunk.length) continue; // it would end the body
      socket.write(`${chunk.length.toString(16)}\r\n`);
      socket.write(chunk);
      socket.write(LINE_END);
    }
    socket.write(this.#hasEnded ? `0\r\n${this.#trailers}\r\n` : '', callback);
    socket.uncork();
  }

  _write(chunk, _encoding, callback) {
    this.#send([chunk], callback);
  }

  _writev(entries, callback) {
    this.#send(entries.map((entry) => entry.chunk), callback);
  }

  _final(callback) {
    this.#hasEnded = true;
    this.#send([], callback);
  }

  _destroy(error, callback) {
    if (!this.#hasEnded) this.#refuse(error ?? Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
    callback(error);
  }

  /** End it with an error, unless it has ended; resolves when that is on its way. */
  fail(error) {
    return new Promise((resume) => {
      if (this.#hasEnded) {
        resume();
        return;
      }
      const object = errorObject(error);
      const body = Buffer.from(JSON.stringify(object)).toString('base64');
      this.#trailers = `${ERROR_TYPE}: ${object.errorType}\r\n${ERROR_BODY}: ${body}\r\n`;
      if (this.destroyed) this._final(resume);
      else this.end(resume);
    });
  }
}

/** Puts status, headers and cookies in front of a response to HTTP. */
class HttpResponseStream {
  static from(underlyingStream, prelude) {
    underlyingStream.setContentType('application/vnd.awslambda.http-integration-response');
    const text = JSON.stringify(prelude);
    underlyingStream._onBeforeFirstWrite = (write) => {
      write(text);
      write(new Uint8Array(8));
    };
    return underlyingStream;
  }
}

// -------------------------------------------------------------------------------------------------
// The handler

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');

function streamifyResponse(handler, options) {
  handler[STREAMING] = 'response';
  if (typeof options?.highWaterMark === 'number') handler[HIGH_WATER_MARK] = parseInt(options.highWaterMark);
  return handler;
}

function addGlobals() {
  if (['1', 'true'].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  globalThis.awslambda = { ...globalThis.awslambda, streamifyResponse, HttpResponseStream };
}

function isStreaming(handler) {
  const mark = handler[STREAMING];
  if (ASYNC_ONLY ? !mark : mark === undefined || mark === null || mark === false) return false;
  if (mark !== 'response') throw new MalformedStreamingHandler('Only response streaming is supported.');
  return true;
}

const isPromise = (value) => typeof value?.then === 'function';

/** Run a streaming handler until the platform has taken its whole response. */
async function streamFrom(call, stream, notAsync, notFinished) {
  const result = call();
  if (!isPromise(result)) throw notAsync;
  if ((await result) !== undefined) console.warn('Streaming handlers ignore return values.');
  await stream.answered;
  if (!stream.writableFinished) throw notFinished;
}

const NOT_ASYNC = 'Streaming does not support non-async handlers.';
const NOT_FINISHED = 'Response stream is not finished.';

async function loadHandler(root, name) {
  if (name.includes('..')) {
    throw new MalformedHandlerName(
      `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const last = basename(name);
  const match = /^([^.]*)\.(.*)$/.exec(last);
  if (!match) throw new MalformedHandlerName('Bad handler');
  const folder = name.substring(0, name.indexOf(last));
  const module = await loadModule(root, folder, match[1]);
  const find = (from) => match[2].split('.').reduce((nested, key) => nested && nested[key], from);
  const handler = find(module) ?? (ASYNC_ONLY ? find(module.default) : undefined);
  if (!handler) throw new HandlerNotFound(`${name} is undefined or not exported`);
  if (typeof handler !== 'function') throw new HandlerNotFound(`${name} is not a function`);
  if (!isStreaming(handler) && ASYNC_ONLY && handler.length >= 3) {
    throw new CallbackHandlerDeprecated(
      'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. ' +
        'You need to modify this function to use a supported handler signature to use Node.js 24 or later. ' +
        'For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.',
    );
  }
  return handler;
}

async function loadModule(root, folder, name) {
  const path = resolve(root, folder, name);
  try {
    return (await (ASYNC_ONLY ? importFirst(path) : requireFirst(path))) || require(require.resolve(name, { paths: [root, join(root, folder)] }));
  } catch (error) {
    if (error instanceof SyntaxError) {
      const fault = new UserCodeSyntaxError(error);
      if (ASYNC_ONLY) fault.stack = error.stack;
      throw fault;
    }
    if (error?.code === 'MODULE_NOT_FOUND') throw new ImportModuleError(error);
    throw error;
  }
}

async function importFirst(path) {
  for (const extension of ['', '.js', '.mjs', '.cjs']) {
    if (existsSync(path + extension)) return import(path + extension);
  }
  return undefined;
}

async function requireFirst(path) {
  if (existsSync(path)) return require(path);
  if (existsSync(`${path}.js`)) {
    return isModulePackage(dirname(path)) ? import(`${path}.js`) : require(`${path}.js`);
  }
  if (existsSync(`${path}.mjs`)) return import(`${path}.mjs`);
  return existsSync(`${path}.cjs`) ? require(`${path}.cjs`) : undefined;
}

/** Whether the nearest package.json says ``"type": "module"``. */
function isModulePackage(folder) {
  if (folder.endsWith('/node_modules')) return false;
  const file = join(folder, 'package.json');
  if (existsSync(file)) {
    try {
      const content = JSON.parse(readFileSync(file));
      if (content) return content.type === 'module';
    } catch (error) {
      console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
      return false;
    }
  }
  return folder === '/' ? false : isModulePackage(dirname(folder));
}

// -------------------------------------------------------------------------------------------------
// ES modules in layers: Node.js does not look for them in NODE_PATH, AWS's runtimes do

/**
 * Have `import` look in the node_modules of NODE_PATH after the usual places.
 *
 * The runtime's own node_modules are found without that: they are shown above the code as well.
 */
function searchNodePath() {
  const own = process.env.LAMBDA_RUNTIME_DIR === '/var/runtime' ? '/var/runtime/node_modules' : undefined;
  const folders = (process.env.NODE_PATH ?? '')
    .split(':')
    .filter((folder) => folder !== own && folder.endsWith('/node_modules') && existsSync(folder))
    .map((folder) => pathToFileURL(join(dirname(folder), '_')).href);
  if (!folders.length) return;
  if (modules.registerHooks) {
    modules.registerHooks({ resolve: resolver(folders, false) });
  } else if (modules.register) {
    // Older lines run hooks in a thread of their own, so they get the source.
    const source = `let hook; const make = ${resolver}; export const initialize = (data) => { hook = make(data, true); };
      export const resolve = (...given) => hook(...given);`;
    modules.register(`data:text/javascript,${encodeURIComponent(source)}`, { data: folders });
  }
}

/** A resolve hook; complete in itself, because its source may run elsewhere. */
function resolver(folders, isAsync) {
  const isMissing = (error) => error?.code === 'ERR_MODULE_NOT_FOUND';
  const isBare = (specifier) => !/^(\.{0,2}\/|[a-z][a-z0-9+.-]*:|#)/i.test(specifier);
  if (isAsync) {
    return async (specifier, context, next) => {
      try {
        return await next(specifier, context);
      } catch (error) {
        if (!isMissing(error) || !isBare(specifier)) throw error;
        for (const parentURL of folders) {
          try {
            return await next(specifier, { ...context, parentURL });
          } catch (another) {
            if (!isMissing(another)) throw another;
          }
        }
        throw error;
      }
    };
  }
  return (specifier, context, next) => {
    try {
      return next(specifier, context);
    } catch (error) {
      if (!isMissing(error) || !isBare(specifier)) throw error;
      for (const parentURL of folders) {
        try {
          return next(specifier, { ...context, parentURL });
        } catch (another) {
          if (!isMissing(another)) throw another;
        }
      }
      throw error;
    }
  };
}

// -------------------------------------------------------------------------------------------------
// The context object

const parseHeader = (text, describe) => {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(text, 'latin1').toString());
  } catch (error) {
    throw new Error(describe(error));
  }
};

const contextOfEnvironment = () => ({
  functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
  functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
});

function contextOfHeaders(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const describe = (name, header) => (error) =>
    ASYNC_ONLY ? `Failed to parse ${header} as JSON: ${error.message}` : `Cannot parse ${name} as json: ${error.toString()}`;
  const parse = (name, header) => parseHeader(headers[header], describe(name, header));
  return {
    clientContext: parse('ClientContext', 'lambda-runtime-client-context'),
    identity: parse('CognitoIdentity', 'lambda-runtime-cognito-identity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    tenantId: headers['lambda-runtime-aws-tenant-id'],
    ...(ASYNC_ONLY ? { xRayTraceId: headers['lambda-runtime-trace-id'] } : {}),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

let lastTraceId;

function enterInvocation(headers) {
  currentRequestId = headers['lambda-runtime-aws-request-id'];
  currentTenantId = headers['lambda-runtime-aws-tenant-id'];
  const traceId = headers['lambda-runtime-trace-id'];
  if (traceId === lastTraceId) return;
  lastTraceId = traceId;
  if (traceId) process.env._X_AMZN_TRACE_ID = traceId;
  else delete process.env._X_AMZN_TRACE_ID;
}

// The handler is called as a method of an object of this name, which stack traces show.
class Runtime {}
class BufferedInvokeProcessor {}
class StreamingInvokeProcessor {}

// -------------------------------------------------------------------------------------------------
// Up to Node.js 22: callbacks, promises and the empty event loop

function runWithCallbacks(runtime, environment) {
  const nothing = () => {};
  let onEmptyLoop = nothing;
  let onFatal; // (error, exit code) of what is under way: Init or an invocation
  process.on('beforeExit', () => onEmptyLoop());
  const client = new RuntimeClient((headers, body) => onEvent(headers, body));
  client.onStreamingEvent = onStreamingEvent;
  onFatal = (error, code) => client.postInitError(error, () => process.exit(code));
  process.on('uncaughtException', (error) => {
    logError('Uncaught Exception', error);
    onFatal(error, EXIT_UNCAUGHT);
  });
  process.on('unhandledRejection', (reason, promise) => {
    const error = Object.assign(new UnhandledPromiseRejection(reason), { reason, promise });
    logError('Unhandled Promise Rejection', error);
    onFatal(error, EXIT_UNHANDLED_REJECTION);
  });
  const next = () => setImmediate(() => client.next());

  function onEvent(headers, body) {
    const requestId = headers['lambda-runtime-aws-request-id'];
    enterInvocation(headers);
    onFatal = (error, code) => client.postLastError(requestId, error, () => process.exit(code));
    let completed = false;
    const complete = (result) => {
      if (completed) {
        console.error('Invocation has already been reported as done. Cannot call complete more than once per invocation.');
        return;
      }
      completed = true;
      client.postResult(requestId, result);
      next();
    };
    onEmptyLoop = () => {
      onEmptyLoop = nothing;
      completed = true;
      client.postResult(requestId, null);
      next();
    };
    const fail = (error) => {
      logError('Invoke Error', error);
      client.postError(requestId, error);
      next();
    };
    let waits = true;
    let finished = false;
    const once = (act) => (...values) => {
      if (finished) return;
      act(...values);
      finished = true;
    };
    const done = (error, result) => {
      onEmptyLoop = nothing;
      if (error !== undefined && error !== null) fail(error);
      else complete(result);
    };
    const callback = once((error, result) => {
      onEmptyLoop = nothing;
      if (error !== undefined && error !== null) fail(error);
      else if (!waits) complete(result);
      else {
        onEmptyLoop = () => {
          onEmptyLoop = nothing;
          setImmediate(() => complete(result));
        };
      }
    });
    const context = {
      get callbackWaitsForEmptyEventLoop() {
        return waits;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value;
      },
      succeed: once((result) => done(null, result)),
      fail: once((error) => done(error ?? 'handled', null)),
      done: once(done),
    };
    try {
      const event = JSON.parse(body);
      const result = runtime.handler(event, Object.assign(context, environment, contextOfHeaders(headers)), callback);
      if (typeof result?.then === 'function') result.then(context.succeed, context.fail).catch(context.fail);
    } catch (error) {
      callback(error);
    }
  }

  async function onStreamingEvent(headers, body) {
    const requestId = headers['lambda-runtime-aws-request-id'];
    enterInvocation(headers);
    onEmptyLoop = nothing;
    const stream = client.stream(requestId, runtime.handler[HIGH_WATER_MARK]);
    onFatal = (error, code) => {
      if (stream.hasBegun) process.exit(code);
      client.postLastError(requestId, error, () => process.exit(code));
    };
    let waits = true;
    const context = {
      get callbackWaitsForEmptyEventLoop() {
        return waits;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value;
      },
    };
    try {
      Object.assign(context, environment, contextOfHeaders(headers));
      const event = JSON.parse(body);
      await streamFrom(() => runtime.handler(event, stream, context), stream, NOT_ASYNC, NOT_FINISHED);
    } catch (error) {
      logError('Invoke Error', error);
      await stream.fail(error);
    }
    if (!waits) next();
    else {
      onEmptyLoop = () => {
        onEmptyLoop = nothing;
        setImmediate(next);
      };
    }
  }

  return client;
}

// -------------------------------------------------------------------------------------------------
// From Node.js 24 on: async handlers only

const asyncContext = (headers, { functionVersion, functionName, ...rest }) => ({
  ...contextOfHeaders(headers),
  functionName,
  functionVersion,
  ...rest,
});

function runAsync(processor, environment) {
  const client = new RuntimeClient((headers, body) => void onEvent(headers, body));
  async function onEvent(headers, body) {
    enterInvocation(headers);
    const context = asyncContext(headers, environment);
    const event = JSON.parse(body);
    const requestId = context.awsRequestId;
    try {
      const result = await processor.handler(event, context);
      await new Promise((resume) => setImmediate(resume));
      client.postResult(requestId, result);
    } catch (error) {
      await new Promise((resume) => setImmediate(resume));
      logError('Invoke Error', error);
      client.postError(requestId, error);
    }
    client.next();
  }
  return client;
}

/** From now on events go to a handler that streams. */
function streamAsync(client, handler, environment) {
  const processor = Object.assign(new StreamingInvokeProcessor(), { handler });
  client.onEvent = async (headers, body) => {
    enterInvocation(headers);
    const context = asyncContext(headers, environment);
    const event = JSON.parse(body);
    const stream = client.stream(context.awsRequestId, handler[HIGH_WATER_MARK]);
    try {
      const call = () => processor.handler(event, stream, context);
      await streamFrom(call, stream, new Error(NOT_ASYNC), new Error(NOT_FINISHED));
    } catch (error) {
      await new Promise((resume) => setImmediate(resume));
      logError('Invoke Error', error);
      await stream.fail(error);
    }
    client.next();
  };
}

// -------------------------------------------------------------------------------------------------

async function main() {
  patchConsole();
  addGlobals();
  searchNodePath();
  const root = process.env.LAMBDA_TASK_ROOT || process.cwd();
  const name = process.env._HANDLER;
  const environment = contextOfEnvironment();
  if (!ASYNC_ONLY) {
    const runtime = new Runtime();
    const client = runWithCallbacks(runtime, environment);
    runtime.handler = await loadHandler(root, name);
    if (isStreaming(runtime.handler)) client.onEvent = client.onStreamingEvent;
    setImmediate(() => client.next());
    return;
  }
  const processor = new BufferedInvokeProcessor();
  const client = runAsync(processor, environment);
  try {
    processor.handler = await loadHandler(root, name);
    if (isStreaming(processor.handler)) streamAsync(client, processor.handler, environment);
  } catch (error) {
    logError('Init Error', error);
    await new Promise((taken) => client.postInitError(error, taken));
    throw error;
  }
  client.next();
}

const running = main();
// As in AWS's clients: a failed Init ends up as an uncaught exception before, as a rejection from 24 on.
if (!ASYNC_ONLY) await running;
