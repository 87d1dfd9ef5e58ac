import { setTimeout as pause } from "node:timers/promises";

const words = "An answer may arrive word by word .".split(" ");

// Shown as it comes by InvokeWithResponseStream, or a function URL whose InvokeMode is RESPONSE_STREAM.
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType("text/plain");
  for (const word of words) {
    stream.write(`${word} `);
    await pause(300);
  }
  stream.end();
});
