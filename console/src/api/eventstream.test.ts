import { expect, test } from "vitest";
import { MessageReader } from "./eventstream";

function message(headers: Record<string, string>, payload: string): Uint8Array {
  const text = new TextEncoder();
  const parts = Object.entries(headers).flatMap(([name, value]) => [
    name.length,
    ...text.encode(name),
    7,
    value.length >> 8,
    value.length & 255,
    ...text.encode(value),
  ]);
  const body = text.encode(payload);
  const made = new Uint8Array(12 + parts.length + body.length + 4);
  const view = new DataView(made.buffer);
  view.setUint32(0, made.length);
  view.setUint32(4, parts.length);
  made.set(parts, 12);
  made.set(body, 12 + parts.length);
  return made;
}

test("messages are read wherever the pieces are cut", () => {
  const bytes = new Uint8Array([
    ...message({ ":event-type": "PayloadChunk" }, "one"),
    ...message({ ":event-type": "InvokeComplete" }, "{}"),
  ]);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const reader = new MessageReader();
    const found = [...reader.push(bytes.slice(0, cut)), ...reader.push(bytes.slice(cut))];
    expect(found.map((one) => [one.headers[":event-type"], new TextDecoder().decode(one.payload)])).toEqual([
      ["PayloadChunk", "one"],
      ["InvokeComplete", "{}"],
    ]);
  }
});

test("what is no stream is refused", () => {
  expect(() => new MessageReader().push(new Uint8Array(20).fill(255))).toThrow("broken");
});
