/**
 * Waits in a sandbox that has no function yet, and then becomes the runtime client.
 *
 * What the client needs is loaded; then the first message on descriptor 4 says which environment the process
 * has: its length (4 bytes, big endian), then the working directory and variables, each ending in NUL. What
 * Node.js reads from the environment only when it starts (NODE_OPTIONS and the like) is not given here: such
 * a process is executed.
 */

import { readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import 'node:util';

const CHANNEL = 4;
const LENGTH_BYTES = 4;
const own = fileURLToPath(import.meta.url);
const client = join(dirname(own), 'index.mjs');

// What Node.js makes only when it is first needed: loaders of both kinds, a socket, conversions.
await import('./warm.mjs');
createRequire(import.meta.url)('./warm.cjs');
new Socket().destroy();
JSON.parse(JSON.stringify({ text: `${new Date()}` }));

function exactly(size) {
  const bytes = Buffer.alloc(size);
  for (let had = 0; had < size; ) {
    const read = readSync(CHANNEL, bytes, had, size - had, null);
    if (read === 0) process.exit(0); // nobody wants this process any more
    had += read;
  }
  return bytes;
}

const [cwd, ...entries] = exactly(exactly(LENGTH_BYTES).readUInt32BE()).toString().split('\0').slice(0, -1);
for (const name of Object.keys(process.env)) delete process.env[name];
for (const entry of entries) {
  const equals = entry.indexOf('=');
  process.env[entry.slice(0, equals)] = entry.slice(equals + 1);
}
process.chdir(cwd);
process.argv[1] = client;
await import(pathToFileURL(client));
