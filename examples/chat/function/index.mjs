// Answers a message of a chat in server-sent events, one per word, while it is still thinking about the rest.
import { setTimeout as pause } from 'node:timers/promises';

export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const headers = { 'content-type': 'text/event-stream' };
  const message = question(event);
  if (message === undefined) {
    stream = awslambda.HttpResponseStream.from(stream, { statusCode: 400, headers });
    stream.end('event: error\ndata: post JSON with a message\n\n');
    return;
  }
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 200, headers });
  for await (const word of words(message)) {
    stream.write(`data: ${word}\n\n`);
  }
  stream.end('event: done\ndata:\n\n');
});

function question(event) {
  const body = event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString() : event.body;
  try {
    const { message } = JSON.parse(body);
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

// Stands for a language model: put the stream of yours here.
async function* words(message) {
  const back = message.replace(/[.!?\n]+/g, '').replace(/\bI\b/g, 'you').replace(/\bam\b/g, 'are').replace(/\bmy\b/g, 'your');
  for (const word of `Why do you say that ${back}? Tell me more.`.split(' ')) {
    await pause(80);
    yield word;
  }
}
