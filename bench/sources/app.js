// The Node function under load.
exports.handler = async () => ({ ok: 1 });
exports.echo = async (event) => event;
// Not every peer has the global that streams.
exports.stream = globalThis.awslambda?.streamifyResponse(async (size, response) => {
  response.write(`@${process.hrtime.bigint()}@`);
  for (let left = size; left > 0; left -= 65536) {
    if (!response.write(Buffer.alloc(Math.min(left, 65536), 'x'))) await new Promise((go) => response.once('drain', go));
  }
  response.end();
});
