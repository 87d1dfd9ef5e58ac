import { unzipSync } from "fflate";
import { expect, test } from "vitest";
import { activityOf, queriesFor, spanUntil, total } from "./activity";
import { base64, MOST_ZIPPED_BYTES, problemOfZip, zipOf } from "./archive";
import { BLUEPRINTS, packed, starterOf } from "./blueprints";
import { NO_FILTER, shown } from "./listing";
import { problemOfName, problemOfRoleArn, roleNameFor } from "./naming";

test("a package holds the files it was made of, and is the same each time", () => {
  const zipped = zipOf({ "index.mjs": "export const handler = 1" });
  expect(new TextDecoder().decode(unzipSync(zipped)["index.mjs"])).toBe("export const handler = 1");
  expect(zipOf({ "index.mjs": "export const handler = 1" })).toEqual(zipped);
  expect(problemOfZip("a.zip", zipped.length, zipped)).toBeNull();
});

test("what is empty, too large or no zip is refused with what it is", () => {
  expect(problemOfZip("a.zip", 0, new Uint8Array())).toContain("empty");
  expect(problemOfZip("a.zip", 9, new TextEncoder().encode("#!/bin/sh"))).toContain("not a .zip");
  expect(problemOfZip("a.zip", MOST_ZIPPED_BYTES + 1, zipOf({}))).toContain("S3");
});

test("base64 is that of the bytes, long ones too", () => {
  const bytes = Uint8Array.from({ length: 100_001 }, (_, index) => index % 256);
  expect(Uint8Array.from(atob(base64(bytes)), (sign) => sign.charCodeAt(0))).toEqual(bytes);
});

test("a name is checked before it is sent", () => {
  expect(problemOfName("report-2_x")).toBeNull();
  expect(problemOfName("a b")).toContain("no spaces");
  expect(problemOfName("x".repeat(65))).toContain("65");
  expect(problemOfName("")).not.toBeNull();
});

test("a role is named after its function, within the length of a role's name", () => {
  expect(roleNameFor("report", "abcd1234")).toBe("report-role-abcd1234");
  expect(roleNameFor("x".repeat(64), "abcd1234")).toHaveLength(64);
  expect(problemOfRoleArn("arn:aws:iam::000000000000:role/service-role/any")).toBeNull();
  expect(problemOfRoleArn("any")).not.toBeNull();
});

test("what a function did lies in its five minutes, and in the others there is nothing", () => {
  const { startMs, endMs } = spanUntil(Date.parse("2026-11-27T16:03:20Z"));
  expect(new Date(endMs).toISOString()).toBe("2026-11-27T16:05:00.000Z");
  const [invocations] = queriesFor(["report"]);
  const series = { id: invocations?.id ?? "", times: [startMs, endMs - 300_000], values: [2, 3] };
  const found = activityOf(["report", "other"], new Map([[series.id, series]]), startMs);
  expect(found.get("report")?.invocations).toHaveLength(36);
  expect(found.get("report")?.invocations.at(-1)).toBe(3);
  expect(total(found.get("report")?.invocations ?? [])).toBe(5);
  expect(total(found.get("other")?.invocations ?? [])).toBe(0);
});

test("every blueprint has its code in the file of its handler", () => {
  for (const one of BLUEPRINTS) {
    expect(one.file.startsWith(one.handler.split(".")[0] ?? "?")).toBe(true);
    expect(one.code).toContain(one.handler.split(".")[1] ?? "#!/bin/sh");
    expect(unzipSync(packed(one))).toHaveProperty([one.file]);
  }
  expect(starterOf("provided").file).toBe("bootstrap");
  expect(starterOf("nodejs")?.file).toBe("index.mjs");
});

test("a list is narrowed down and ordered", () => {
  const named = (FunctionName: string, Runtime: string, LastModified: string) => ({
    ...{ FunctionName, Runtime, LastModified, FunctionArn: "", Role: "", CodeSize: 1, Description: "" },
    ...{ Timeout: 3, MemorySize: 128, CodeSha256: "", Version: "$LATEST", RevisionId: "" },
  });
  const all = [
    named("old", "python3.9", "2026-01-01T00:00:00.000+0000"),
    named("new", "python3.13", "2026-02-01T00:00:00.000+0000"),
    named("node", "nodejs22.x", "2026-01-02T00:00:00.000+0000"),
  ];
  const names = (filter: object, column: "name" | "modified" | "runtime", descending = false) =>
    shown(all, { ...NO_FILTER, ...filter }, { column, descending }).map((one) => one.FunctionName);
  expect(names({}, "modified", true)).toEqual(["new", "node", "old"]);
  expect(names({ text: "PYTHON" }, "runtime")).toEqual(["old", "new"]);
  expect(names({ runtime: "nodejs22.x" }, "name")).toEqual(["node"]);
  expect(names({ architecture: "arm64" }, "name")).toEqual([]);
});
