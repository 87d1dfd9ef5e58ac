/** Who may read and run the files of an archive, and which of them are links: fflate leaves that out. */

import { strFromU8 } from "fflate";

const END_BYTES = 22;
const END = 0x06054b50;
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const MOST_COMMENT_BYTES = 65_535;
const UNIX = 3;
const UTF8 = 1 << 11;

/**
 * Unix modes by path, out of the archive's central directory; files without one are left out.
 * Source: PKWARE's APPNOTE.TXT, 4.3.12 and 4.3.16.
 */
export function modesOf(archive: Uint8Array): Map<string, number> {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const found = new Map<string, number>();
  let at = beginOf(view);
  while (at !== null && at + ENTRY_BYTES <= archive.length && view.getUint32(at, true) === ENTRY) {
    const nameBytes = view.getUint16(at + 28, true);
    const name = archive.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes);
    const mode = view.getUint16(at + 40, true);
    if (view.getUint8(at + 5) === UNIX && mode) found.set(strFromU8(name, !(view.getUint16(at + 8, true) & UTF8)), mode);
    at += ENTRY_BYTES + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return found;
}

/** Where the central directory begins; null when there is none. */
function beginOf(view: DataView): number | null {
  const first = Math.max(0, view.byteLength - END_BYTES - MOST_COMMENT_BYTES);
  for (let at = view.byteLength - END_BYTES; at >= first; at -= 1) {
    if (view.getUint32(at, true) === END) return view.getUint32(at + 16, true);
  }
  return null;
}

export const isLink = (mode: number): boolean => (mode & 0o170000) === 0o120000;
