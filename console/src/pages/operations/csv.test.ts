import { expect, test } from "vitest";
import { csvOf } from "./csv";

test("lines become rows, and no cell becomes a formula", () => {
  const text = csvOf([
    { function: "=cmd()", region: "us-east-1", requests: 3, gb_s: 0.5, cost: 0.1 },
    { tag: 'a "b", c', requests: 1, gb_s: 0, cost: 0 },
  ]);
  expect(text).toBe(
    "day,region,function,version,tag,requests,gb_s,cost\r\n" +
      ",us-east-1,'=cmd(),,,3,0.5,0.1\r\n" +
      ',,,,"a ""b"", c",1,0,0\r\n',
  );
});
