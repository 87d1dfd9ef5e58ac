import { gunzipSync, strFromU8, zipSync } from "fflate";
import { expect, test } from "vitest";
import { changed, fileOf, firstToShow, moved, packed, problemOfPath, textOf, TooLarge, unpacked, withFile, withFolder, without } from "./files";
import { reportIn } from "./report";
import { problemOfEventName } from "./savedEvents";
import { TEMPLATES } from "./templates";
import { treeOf } from "./tree";

const text = new TextEncoder();

test("an archive comes back with what was edited, and the rest byte for byte", () => {
  const broken = new Uint8Array([0xff, 0xfe, 0x41]);
  const files = unpacked(zipSync({ "app.py": text.encode("old"), "data.bin": broken, "lib/": new Uint8Array() }));
  expect([...files.keys()]).toEqual(["app.py", "data.bin", "lib/"]);
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

test("a folder is made, moved and deleted with all that is in it", () => {
  const files = new Map([["app.py", fileOf("")], ["lib/one.py", fileOf("1")], ["lib/deep/two.py", fileOf("2")], ["library.py", fileOf("")]]);
  expect([...moved(files, "lib", "src/lib").keys()]).toEqual(["app.py", "library.py", "src/lib/deep/two.py", "src/lib/one.py"]);
  expect([...without(files, "lib").keys()]).toEqual(["app.py", "library.py"]);
  const more = unpacked(packed(withFolder(files, "empty")));
  expect([...changed(files, withFolder(files, "empty"))]).toEqual(["empty/"]);
  expect(more.get("empty/")?.mode).toBe(0o40755);
  expect(problemOfPath("empty", more)).toMatch("folder");
  expect([...moved(more, "empty", "full").keys()]).toContain("full/");
  expect([...without(more, "empty").keys()]).toEqual([...files.keys()].sort((one, other) => one.localeCompare(other)));
});

test("links and who may run a file are kept, and a link is not edited", () => {
  const mode = (value: number) => ({ os: 3, attrs: (value << 16) >>> 0 });
  const files = unpacked(zipSync({ "größe.sh": [text.encode("a"), mode(0o100700)], "lib.so": [text.encode("lib.so.1"), mode(0o120777)], "new.py": text.encode("") }));
  expect(files.get("lib.so")).toMatchObject({ text: null, mode: 0o120777 });
  const again = unpacked(packed(withFile(files, "größe.sh", fileOf("b", files.get("größe.sh")?.mode))));
  expect([...again].map(([path, file]) => [path, file.mode])).toEqual([["größe.sh", 0o100700], ["lib.so", 0o120777], ["new.py", 0o100755]]);
});

test("files are shown in their folders, folders first", () => {
  const files = withFolder(new Map(["b/c/d.py", "a.py", "b/a.py"].map((path) => [path, fileOf("")])), "e");
  const names = (nodes: ReturnType<typeof treeOf>): unknown[] => nodes.map(({ name, children }) => (children ? [name, names(children)] : name));
  expect(names(treeOf(files))).toEqual([["b", [["c", ["d.py"]], "a.py"]], ["e", []], "a.py"]);
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

test("each source that calls functions has a template", () => {
  const sources = Object.values(TEMPLATES).flatMap((event) => {
    const { Records, eventSource } = event as { Records?: { eventSource?: string; EventSource?: string }[]; eventSource?: string };
    return [eventSource ?? Records?.[0]?.eventSource ?? Records?.[0]?.EventSource ?? []].flat();
  });
  expect(new Set(sources)).toEqual(new Set(["aws:s3", "aws:sqs", "aws:sns", "aws:kinesis", "aws:dynamodb", "aws:kafka", "SelfManagedKafka"]));
  for (const name of ["API Gateway HTTP API", "API Gateway REST API", "Function URL", "Application load balancer", "EventBridge", "Schedule", "CloudWatch Logs", "Cognito pre sign-up"]) {
    expect(TEMPLATES[name]).toBeTypeOf("object");
  }
});

test("the template of CloudWatch Logs can be unpacked as functions do", () => {
  const { data } = (TEMPLATES["CloudWatch Logs"] as { awslogs: { data: string } }).awslogs;
  const unzipped = gunzipSync(Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0)));
  expect(JSON.parse(strFromU8(unzipped))).toMatchObject({ messageType: "DATA_MESSAGE" });
});

test("a saved event is named by AWS's rule", () => {
  expect(problemOfEventName("order-1.late_2")).toBeNull();
  expect(problemOfEventName("two words")).not.toBeNull();
  expect(problemOfEventName("x".repeat(26))).not.toBeNull();
});
