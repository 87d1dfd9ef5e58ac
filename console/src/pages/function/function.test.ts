import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { firstToShow, packed, textOf, TooLarge, unpacked } from "./files";
import { reportIn } from "./report";

const text = new TextEncoder();

test("an archive comes back with what was edited, and the rest byte for byte", () => {
  const broken = new Uint8Array([0xff, 0xfe, 0x41]);
  const files = unpacked(zipSync({ "app.py": text.encode("old"), "data.bin": broken, "lib/": new Uint8Array() }));
  expect([...files.keys()]).toEqual(["app.py", "data.bin"]);
  expect(files.get("data.bin")?.text).toBeNull();
  const again = unpacked(packed(files, new Map([["app.py", "new"]])));
  expect(again.get("app.py")?.text).toBe("new");
  expect(again.get("data.bin")?.bytes).toEqual(broken);
});

test("an archive that would fill the browser is refused", () => {
  const bomb = zipSync({ a: new Uint8Array(21_000_000) });
  expect(() => unpacked(bomb)).toThrow(TooLarge);
});

test("a byte order mark is kept, zeros are no text", () => {
  expect(textOf(text.encode("\ufeffa"))).toBe("\ufeffa");
  expect(textOf(new Uint8Array([65, 0]))).toBeNull();
});

test("the file of the handler is shown first", () => {
  const files = unpacked(zipSync({ "a.txt": text.encode(""), "src/app.mjs": text.encode(""), "z.py": text.encode("") }));
  expect(firstToShow(files, "src/app.handler")).toBe("src/app.mjs");
  expect(firstToShow(files, "z.handler")).toBe("z.py");
  expect(firstToShow(files, undefined)).toBe("a.txt");
});

test("a report is read out of both formats of log", () => {
  const line =
    "START\nREPORT RequestId: x\tDuration: 12.34 ms\tBilled Duration: 25 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 12.00 ms\t\n";
  const expected = { durationMs: 12.34, billedMs: 25, memoryMb: 128, maxMemoryMb: 40, initMs: 12 };
  expect(reportIn(line)).toEqual(expected);
  const metrics = { durationMs: 12.34, billedDurationMs: 25, memorySizeMB: 128, maxMemoryUsedMB: 40, initDurationMs: 12 };
  expect(reportIn(JSON.stringify({ type: "platform.report", record: { metrics } }))).toEqual(expected);
  expect(reportIn("nothing")).toBeNull();
});
