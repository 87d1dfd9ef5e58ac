/** Signature Version 4 of AWS, without WebCrypto: browsers offer that on secure origins only. */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface Signable {
  method: string;
  host: string;
  /** Encoded as it is sent. */
  path: string;
  query: readonly (readonly [string, string])[];
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Uint8Array;
}

/** As AWS encodes: everything but letters, digits and -_.~ */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function queryString(query: readonly (readonly [string, string])[]): string {
  return query
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join("&");
}

/** The headers of a request with its signature. */
export function signed(
  request: Signable,
  credentials: Credentials,
  region: string,
  service: string,
  now: Date,
): Record<string, string> {
  const stamp = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const headers: Record<string, string> = {
    ...request.headers,
    "x-amz-date": stamp,
    ...(credentials.sessionToken ? { "x-amz-security-token": credentials.sessionToken } : {}),
  };
  const named: Record<string, string> = { ...headers, host: request.host };
  const names = Object.keys(named).sort();
  const bodyHash = bytesToHex(sha256(request.body));
  const canonical = [
    request.method,
    // Every service but S3 encodes the path once more.
    request.path.split("/").map(encoded).join("/"),
    queryString(request.query),
    ...names.map((name) => `${name}:${(named[name] ?? "").trim().replace(/ +/g, " ")}`),
    "",
    names.join(";"),
    bodyHash,
  ].join("\n");
  const scope = [stamp.slice(0, 8), region, service, "aws4_request"];
  const text = ["AWS4-HMAC-SHA256", stamp, scope.join("/"), bytesToHex(sha256(utf8ToBytes(canonical)))];
  const key = scope.reduce<Uint8Array>(
    (derived, part) => hmac(sha256, derived, utf8ToBytes(part)),
    utf8ToBytes(`AWS4${credentials.secretAccessKey}`),
  );
  const signature = bytesToHex(hmac(sha256, key, utf8ToBytes(text.join("\n"))));
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope.join("/")}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  };
}
