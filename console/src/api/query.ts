/** The query protocol of IAM, STS and SNS: a form out, XML in. */

import { type Connection, send } from "./transport";

export type Xml = Element;

/** Members of a structure, with lists and structures inside, as form fields. */
function fields(prefix: string, value: unknown): [string, string][] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) {
    return value.flatMap((one, index) => fields(`${prefix}.member.${index + 1}`, one));
  }
  if (typeof value === "object") {
    return Object.entries(value).flatMap(([name, one]) => fields(prefix ? `${prefix}.${name}` : name, one));
  }
  return [[prefix, String(value)]];
}

/** Call an operation; the element that holds its result. */
export async function call(
  connection: Connection,
  service: "iam" | "sts" | "sns",
  version: string,
  operation: string,
  params: Record<string, unknown> = {},
): Promise<Xml> {
  const form = new URLSearchParams([["Action", operation], ["Version", version], ...fields("", params)]);
  const response = await send(
    // IAM is one for all regions.
    service === "iam" ? { ...connection, region: "us-east-1" } : connection,
    {
      service,
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
      body: form.toString(),
    },
  );
  const parsed = new DOMParser().parseFromString(await response.text(), "text/xml");
  return parsed.getElementsByTagName(`${operation}Result`)[0] ?? parsed.documentElement;
}

/** The text of a member; empty when it is not there. */
export function textOf(element: Xml | undefined, name: string): string {
  return childOf(element, name)?.textContent ?? "";
}

export function childOf(element: Xml | undefined, name: string): Xml | undefined {
  return [...(element?.children ?? [])].find((child) => child.tagName === name);
}

/** The members of a list. */
export function listOf(element: Xml | undefined, name: string): Xml[] {
  return [...(childOf(element, name)?.children ?? [])];
}

/** Every page of a list. */
export async function pages<T>(
  connection: Connection,
  version: string,
  operation: string,
  params: Record<string, unknown>,
  list: string,
  read: (element: Xml) => T,
): Promise<T[]> {
  const found: T[] = [];
  let marker = "";
  do {
    const result = await call(connection, "iam", version, operation, {
      ...params,
      ...(marker ? { Marker: marker } : {}),
    });
    found.push(...listOf(result, list).map(read));
    marker = textOf(result, "IsTruncated") === "true" ? textOf(result, "Marker") : "";
  } while (marker);
  return found;
}
