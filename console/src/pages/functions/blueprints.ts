/** Functions to begin with: what they are for, and their code. */

import helloNode from "./blueprints/hello.mjs?raw";
import helloShell from "./blueprints/hello.sh?raw";
import helloPython from "./blueprints/hello.py?raw";
import dynamodb from "./blueprints/dynamodb.py?raw";
import http from "./blueprints/http.py?raw";
import kafka from "./blueprints/kafka.py?raw";
import kinesis from "./blueprints/kinesis.py?raw";
import s3Event from "./blueprints/s3_event.py?raw";
import schedule from "./blueprints/schedule.py?raw";
import sns from "./blueprints/sns.py?raw";
import sqsBatch from "./blueprints/sqs_batch.py?raw";
import stream from "./blueprints/stream.mjs?raw";
import { zipOf } from "./archive";
import type { Family } from "./runtimes";

export interface Blueprint {
  id: string;
  title: string;
  about: string;
  family: Family;
  handler: string;
  file: string;
  code: string;
}

const python = { family: "python", handler: "lambda_function.lambda_handler", file: "lambda_function.py" } as const;
const shell = { family: "provided", handler: "bootstrap", file: "bootstrap" } as const;
const node = { family: "nodejs", handler: "index.handler", file: "index.mjs" } as const;

export const BLUEPRINTS: readonly Blueprint[] = [
  { id: "hello-python", title: "Hello, in Python", about: "Greets whom the event names, and logs it.", code: helloPython, ...python },
  { id: "hello-node", title: "Hello, in Node.js", about: "Greets whom the event names, and logs it.", code: helloNode, ...node },
  { id: "hello-shell", title: "Hello, in a shell", about: "A runtime of its own, in ten lines: needs curl on the server.", code: helloShell, ...shell },
  { id: "http", title: "HTTP", about: "Answers a function URL or an HTTP API with JSON.", code: http, ...python },
  { id: "s3", title: "S3 event", about: "Tells the objects that a bucket's notification names.", code: s3Event, ...python },
  { id: "sqs", title: "SQS batch", about: "Works on a batch of messages; only those that failed come again.", code: sqsBatch, ...python },
  { id: "sns", title: "SNS message", about: "Tells what a topic was sent.", code: sns, ...python },
  { id: "kinesis", title: "Kinesis stream", about: "Works on records in order; a batch comes again from the one that failed.", code: kinesis, ...python },
  { id: "dynamodb", title: "DynamoDB stream", about: "Tells each change of a table's items.", code: dynamodb, ...python },
  { id: "kafka", title: "Kafka messages", about: "Works on the messages of topics, each partition in order.", code: kafka, ...python },
  { id: "schedule", title: "Schedule", about: "Called by EventBridge at its times.", code: schedule, ...python },
  { id: "stream", title: "Streaming response", about: "Answers word by word.", code: stream, ...node },
];

const STARTERS: Record<Family, string> = { python: "hello-python", nodejs: "hello-node", provided: "hello-shell" };

/** What a function begins with that is written from scratch. */
export function starterOf(family: Family): Blueprint {
  const found = BLUEPRINTS.find((one) => one.id === STARTERS[family]);
  if (!found) throw new Error(`no blueprint for ${family}`);
  return found;
}

/** Its code as a deployment package; one that is a program can be run. */
export const packed = (one: Blueprint): Uint8Array =>
  zipOf({ [one.file]: one.code }, one.family === "provided" ? 0o755 : 0o644);
