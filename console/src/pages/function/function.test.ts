import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { changed, fileOf, firstToShow, packed, problemOfPath, textOf, TooLarge, unpacked, withFile, without } from "./files";
import { reportIn } from "./report";

const text = new TextEncoder();

test("an archive comes back with what was edited, and the rest byte for byte", () => {
  const broken = new Uint8Array([0xff, 0xfe, 0x41]);
  const files = unpacked(zipSync({ "app.py": text.encode("old"), "data.bin": broken, "lib/": new Uint8Array() }));
  expect([...files.keys()]).toEqual(["app.py", "data.bin"]);
  expect(files.get("data.bin")?.text).toBeNull();
  const again = unpacked(packed(withFile(files, "app.py", fileOf("new"))));
  expect(again.get("app.py")?.text).toBe("new");
  expect(again.get("data.bin")?.bytes).toEqual(broken);
});

test("what was added, changed, moved or removed counts as changed, and what was changed back does not", () => {
  const files = unpacked(zipSync({ "app.py": text.encode("old"), "data.bin": new Uint8Array([0xff]) }));
  const binary = files.get("data.bin") ?? fileOf("");
  expect([...changed(files, files)]).toEqual([]);
  expect([...changed(files, withFile(files, "app.py", fileOf("old")))]).toEqual([]);
  expect([...changed(files, withFile(files, "app.py", fileOf("new")))]).toEqual(["app.py"]);
  expect([...changed(files, withFile(without(files, "data.bin"), "b/data.bin", binary))]).toEqual(["data.bin", "b/data.bin"]);
  expect([...withFile(files, "b.py", fileOf("")).keys()]).toEqual(["app.py", "b.py", "data.bin"]);
});

test.each(["", " ", "/a.py", "a/../b.py", "a//b.py", "app.py", "app.py/b.py", "lib", "a\\b", "x".repeat(256)])("no file can be called %j", (path) => {
  const files = new Map([["app.py", fileOf("")], ["lib/one.py", fileOf("")]]);
  expect(problemOfPath(path, files)).not.toBeNull();
  expect(problemOfPath("lib/two.py", files)).toBeNull();
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
