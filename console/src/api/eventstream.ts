/** Messages of AWS's event streams (application/vnd.amazon.eventstream), as they come in pieces. */

export interface Message {
  headers: Record<string, string>;
  payload: Uint8Array;
}

const PRELUDE = 12;
const CHECKSUM = 4;
const STRING = 7;
/** Sizes of the values of header types 0 to 9; strings and bytes say theirs. */
const FIXED: Record<number, number> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 };
const MOST_BYTES = 24 * 1024 * 1024;

/** Takes bytes, gives whole messages. */
export class MessageReader {
  private rest = new Uint8Array();

  push(bytes: Uint8Array): Message[] {
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    const found: Message[] = [];
    let begin = 0;
    while (all.length - begin >= PRELUDE) {
      const view = new DataView(all.buffer, begin);
      const size = view.getUint32(0);
      if (size < PRELUDE + CHECKSUM || size > MOST_BYTES) throw new Error("the stream is broken");
      if (all.length - begin < size) break;
      const headerBytes = view.getUint32(4);
      const headersEnd = begin + PRELUDE + headerBytes;
      found.push({
        headers: headersOf(all.subarray(begin + PRELUDE, headersEnd)),
        payload: all.slice(headersEnd, begin + size - CHECKSUM),
      });
      begin += size;
    }
    this.rest = all.slice(begin);
    return found;
  }
}

function headersOf(bytes: Uint8Array): Record<string, string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder();
  const found: Record<string, string> = {};
  let at = 0;
  while (at < bytes.length) {
    const nameSize = view.getUint8(at);
    const name = text.decode(bytes.subarray(at + 1, at + 1 + nameSize));
    const kind = view.getUint8(at + 1 + nameSize);
    at += 2 + nameSize;
    const fixed = FIXED[kind];
    if (fixed !== undefined) {
      at += fixed;
    } else {
      const size = view.getUint16(at);
      if (kind === STRING) found[name] = text.decode(bytes.subarray(at + 2, at + 2 + size));
      at += 2 + size;
    }
  }
  return found;
}

/** The messages of an answer, until it ends. */
export async function* messagesOf(response: Response): AsyncGenerator<Message> {
  const reader = response.body?.getReader();
  if (!reader) return;
  const messages = new MessageReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* messages.push(value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
