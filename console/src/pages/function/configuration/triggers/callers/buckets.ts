import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { type Connection, send } from "../../../../../api/transport";
import { awsCommand } from "../../../../../parts/CliCommand";
import { linesOf } from "../../fields";
import type { Values } from "../sources";
import type { CallerKind, Target } from "./kinds";


async function notification(connection: Connection, bucket: string, body?: string): Promise<string> {
  const answer = await send(connection, {
    service: "s3",
    method: body === undefined ? "GET" : "PUT",
    path: `/${bucket}`,
    query: { notification: "" },
    headers: { "x-amz-content-sha256": bytesToHex(sha256(utf8ToBytes(body ?? ""))) },
    ...(body === undefined ? {} : { body }),
  });
  return answer.text();
}

/** Change the notifications of a bucket; those that others are told stay as they are. */
async function change(connection: Connection, bucket: string, edit: (root: Element) => void): Promise<void> {
  const parsed = new DOMParser().parseFromString(await notification(connection, bucket), "text/xml");
  edit(parsed.documentElement);
  await notification(connection, bucket, new XMLSerializer().serializeToString(parsed));
}

/** Put an element with text below another; the element. */
function put(parent: Element, name: string, text = ""): Element {
  const made = parent.ownerDocument.createElementNS(parent.namespaceURI, name);
  made.textContent = text;
  parent.append(made);
  return made;
}

function append(root: Element, values: Values, target: Target): void {
  const made = put(root, "CloudFunctionConfiguration");
  put(made, "Id", idOf(values));
  put(made, "CloudFunction", target.arn);
  for (const event of linesOf(values["events"] ?? "")) put(made, "Event", event);
  const rules = rulesOf(values);
  if (!rules.length) return;
  const key = put(put(made, "Filter"), "S3Key");
  for (const { Name, Value } of rules) {
    const rule = put(key, "FilterRule");
    put(rule, "Name", Name);
    put(rule, "Value", Value);
  }
}

const idOf = ({ prefix = "", suffix = "", events = "" }: Values) =>
  `console-${bytesToHex(sha256(utf8ToBytes(`${prefix} ${suffix} ${events}`))).slice(0, 16)}`;

const rulesOf = (values: Values) =>
  (["prefix", "suffix"] as const).flatMap((Name) => {
    const Value = (values[Name] ?? "").trim();
    return Value ? [{ Name, Value }] : [];
  });

const bucketOf = (values: Values) => (values["bucket"] ?? "").trim();

/** Buckets that tell of their objects. */
export const BUCKETS: CallerKind = {
  value: "s3",
  label: "S3 bucket",
  principal: "s3.amazonaws.com",
  takenFrom: "the notifications of the bucket",
  fields: [
    { id: "bucket", label: "Bucket", hint: "Its name", input: "text", isNeeded: true },
    { id: "events", label: "Events", hint: "One a line: s3:ObjectCreated:*, s3:ObjectRemoved:* …", input: "lines", isNeeded: true, initial: "s3:ObjectCreated:*" },
    { id: "prefix", label: "Prefix", hint: "Of the keys; empty for any", input: "text" },
    { id: "suffix", label: "Suffix", hint: "Of the keys, as .jpg; empty for any", input: "text" },
  ],
  sourceArn: (values, { partition }) => `arn:${partition}:s3:::${bucketOf(values)}`,
  connect: (connection, values, target) => change(connection, bucketOf(values), (root) => { append(root, values, target); }),
  commands: (values, target) => [
    "# This takes the place of all notifications of the bucket: add those that shall stay.",
    awsCommand("s3api put-bucket-notification-configuration", {
      bucket: bucketOf(values) || "BUCKET",
      "notification-configuration": JSON.stringify({
        LambdaFunctionConfigurations: [
          {
            LambdaFunctionArn: target.arn,
            Events: linesOf(values["events"] ?? ""),
            ...(rulesOf(values).length ? { Filter: { Key: { FilterRules: rulesOf(values) } } } : {}),
          },
        ],
      }),
      region: target.region,
    }),
  ],
  disconnect: (connection, sourceArn, target) =>
    change(connection, sourceArn.split(":").at(-1) ?? "", (root) => {
      for (const one of [...root.getElementsByTagNameNS("*", "CloudFunctionConfiguration")]) {
        if (one.getElementsByTagNameNS("*", "CloudFunction")[0]?.textContent === target.arn) one.remove();
      }
    }),
};
