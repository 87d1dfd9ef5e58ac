/** Deployment packages: made of a few files, and checked before they are sent. */

import { zipSync } from "fflate";

/** AWS takes larger ones from S3 only. */
export const MOST_ZIPPED_BYTES = 50 * 1024 * 1024;
const MOST_SHOWN = "50 MB";
const SIGNATURE = [0x50, 0x4b, 0x03, 0x04];
const PIECE_BYTES = 0x8000;
/** Of every file, so that the same code has the same hash. */
const MADE = new Date("2020-01-01T00:00:00");

/** A zip of text files, which anybody may read. */
export function zipOf(files: Record<string, string>, mode = 0o644): Uint8Array {
  const text = new TextEncoder();
  return zipSync(
    Object.fromEntries(Object.entries(files).map(([name, content]) => [name, text.encode(content)])),
    { mtime: MADE, os: 3, attrs: mode << 16 },
  );
}

/** Why a file cannot be a function's code; null when it can, as far as its size and first bytes tell. */
export function problemOfZip(name: string, size: number, beginning: Uint8Array): string | null {
  if (size === 0) return `${name} is empty.`;
  if (size > MOST_ZIPPED_BYTES) {
    return `${name} is larger than ${MOST_SHOWN}: upload it to S3, and create the function with --code S3Bucket=…,S3Key=….`;
  }
  if (SIGNATURE.some((byte, index) => beginning[index] !== byte)) {
    return `${name} is not a .zip file with something in it.`;
  }
  return null;
}

/** In pieces: a call takes so many arguments and no more. */
export function base64(data: Uint8Array): string {
  let text = "";
  for (let begin = 0; begin < data.length; begin += PIECE_BYTES) {
    text += String.fromCharCode(...data.subarray(begin, begin + PIECE_BYTES));
  }
  return btoa(text);
}
