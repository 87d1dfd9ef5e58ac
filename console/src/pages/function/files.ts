/** The code of a function as files: out of its archive and back, whatever is in them kept byte for byte. */

import { unzipSync, zipSync, type Zippable } from "fflate";
import { isLink, modesOf } from "./modes";

/** What may be unpacked in a browser. */
const MOST_BYTES = 20_000_000;
const MOST_FILES = 2_000;
const EDITABLE_BYTES = 1_000_000;

/** Of a file or folder that has none of its own: everybody may read and run it. */
const MODE = 0o100755;
const FOLDER_MODE = 0o40755;

export interface SourceFile {
  bytes: Uint8Array;
  /** null when it is no text, or too long to edit. */
  text: string | null;
  /** As Unix has it, with the kind of file; 0 when the archive says nothing. */
  mode: number;
}

/** By path; a folder that is an entry of its own, as an empty one must be, ends with "/". */
export type Files = ReadonlyMap<string, SourceFile>;

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
      return true;
    },
  });
  const modes = modesOf(archive);
  return new Map(
    Object.entries(found)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([path, content]) => {
        const mode = modes.get(path) ?? 0;
        return [path, { bytes: content, text: isFolder(path) || isLink(mode) ? null : textOf(content), mode }];
      }),
  );
}

export const isFolder = (path: string): boolean => path.endsWith("/");

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

/** A file with this text. */
export const fileOf = (text: string, mode = 0): SourceFile => ({ bytes: new TextEncoder().encode(text), text, mode });

/** An archive of files; who may run them, and what is a link, stays as it was. */
export function packed(files: Files): Uint8Array {
  const entries: Zippable = {};
  for (const [path, file] of files) {
    const mode = file.mode || (isFolder(path) ? FOLDER_MODE : MODE);
    entries[path] = [file.bytes, { os: 3, attrs: (mode << 16) >>> 0 }];
  }
  return zipSync(entries, { level: 6 });
}

/** Files with one more, or another in its place, by path. */
export const withFile = (files: Files, path: string, file: SourceFile): Files =>
  new Map([...files, [path, file] as const].sort(([one], [other]) => one.localeCompare(other)));

/** Files with an empty folder. */
export const withFolder = (files: Files, path: string): Files => withFile(files, `${path}/`, { bytes: new Uint8Array(), text: null, mode: 0 });

const isWithin = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

/** Files without one, or without a folder and all that is in it. */
export const without = (files: Files, path: string): Files => new Map([...files].filter(([one]) => !isWithin(one, path)));

/** Files with one of them, or a folder with all that is in it, at another path. */
export const moved = (files: Files, from: string, to: string): Files =>
  new Map(
    [...files]
      .map(([one, file]) => [isWithin(one, from) ? to + one.slice(from.length) : one, file] as const)
      .sort(([one], [other]) => one.localeCompare(other)),
  );

/** Paths at which something else is now than was before: changed, new or gone. */
export function changed(before: Files, now: Files): Set<string> {
  const isSame = (path: string) => {
    const [one, other] = [before.get(path), now.get(path)];
    return one === other || (one?.text != null && one.text === other?.text);
  };
  return new Set([...before.keys(), ...now.keys()].filter((path) => !isSame(path)));
}

/** Why nothing new can have this path; null when it can. */
export function problemOfPath(path: string, files: Files): string | null {
  const parts = path.split("/");
  if (!path.trim()) return "A name is needed.";
  if (path.length > 255 || path.includes("\\") || path.includes("\0")) return "At most 255 characters, folders separated by /.";
  if (parts.some((part) => part === "" || part === "." || part === "..")) return "No part of the path may be empty, . or ..";
  if (files.has(path)) return `There is a file ${path} already.`;
  const folder = parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("/")).find((one) => files.has(one));
  if (folder) return `${folder} is a file, so it can hold none.`;
  return [...files.keys()].some((one) => one.startsWith(`${path}/`)) ? `There is a folder ${path} already.` : null;
}

/** The file with the handler, of those that can be edited; else the first of them. */
export function firstToShow(files: Files, handler: string | undefined): string | null {
  const editable = [...files].filter(([, file]) => file.text !== null).map(([path]) => path);
  const module = (handler ?? "").split(".").slice(0, -1).join(".").replaceAll("\\", "/");
  const names = [module, module.replaceAll(".", "/"), "bootstrap"].filter(Boolean);
  return editable.find((path) => names.includes(path.replace(/\.[^./]+$/, ""))) ?? editable[0] ?? null;
}
