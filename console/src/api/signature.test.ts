import { expect, test } from "vitest";
import { queryString, signed } from "./signature";

// AWS's published example for IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
test("a request is signed as in AWS's own example", () => {
  const headers = signed(
    {
      method: "GET",
      host: "iam.amazonaws.com",
      path: "/",
      query: [
        ["Action", "ListUsers"],
        ["Version", "2010-05-08"],
      ],
      headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
      body: new Uint8Array(),
    },
    { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
    "us-east-1",
    "iam",
    new Date("2015-08-30T12:36:00Z"),
  );
  expect(headers["authorization"]).toContain(
    "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
  );
});

test("a query is sorted and encoded as AWS encodes", () => {
  expect(
    queryString([
      ["b", "a b"],
      ["a", "(*)"],
    ]),
  ).toBe("a=%28%2A%29&b=a%20b");
});
