/** The code of a function as files: out of its archive and back, whatever is in them kept byte for byte. */

import { unzipSync, zipSync, type Zippable } from "fflate";

/** What may be unpacked in a browser. */
const MOST_BYTES = 20_000_000;
const MOST_FILES = 2_000;
const EDITABLE_BYTES = 1_000_000;

export interface SourceFile {
  bytes: Uint8Array;
  /** null when it is no text, or too long to edit. */
  text: string | null;
}

export class TooLarge extends Error {}

/** The files of an archive by path. */
export function unpacked(archive: Uint8Array): Map<string, SourceFile> {
  let bytes = 0;
  let files = 0;
  const found = unzipSync(archive, {
    filter: (file) => {
      bytes += file.originalSize;
      files += 1;
      if (bytes > MOST_BYTES || files > MOST_FILES) {
        throw new TooLarge(`The code is too large for the editor (over ${MOST_BYTES / 1e6} MB or ${MOST_FILES} files). Upload a .zip file instead.`);
      }
      return !file.name.endsWith("/");
    },
  });
  return new Map(
    Object.entries(found)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([path, content]) => [path, { bytes: content, text: textOf(content) }]),
  );
}

/** What it is as text; null when it is none. */
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.length > EDITABLE_BYTES) return null;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

/** An archive with what was edited in place of what was there; files stay executable. */
export function packed(files: ReadonlyMap<string, SourceFile>, edits: ReadonlyMap<string, string>): Uint8Array {
  const entries: Zippable = {};
  const encoder = new TextEncoder();
  for (const [path, file] of files) {
    const edited = edits.get(path);
    entries[path] = [edited === undefined ? file.bytes : encoder.encode(edited), { os: 3, attrs: 0o100755 << 16 }];
  }
  return zipSync(entries, { level: 6 });
}

/** The file with the handler, of those that can be edited; else the first of them. */
export function firstToShow(files: ReadonlyMap<string, SourceFile>, handler: string | undefined): string | null {
  const editable = [...files].filter(([, file]) => file.text !== null).map(([path]) => path);
  const module = (handler ?? "").split(".").slice(0, -1).join(".").replaceAll("\\", "/");
  const names = [module, module.replaceAll(".", "/"), "bootstrap"].filter(Boolean);
  return editable.find((path) => names.includes(path.replace(/\.[^./]+$/, ""))) ?? editable[0] ?? null;
}
