/** The files of a function as folders and what is in them. */

import { type Files, isFolder } from "./files";

export interface Node {
  path: string;
  name: string;
  /** null for a file. */
  children: Node[] | null;
}

/** Folders first, each by name. */
export function treeOf(files: Files): Node[] {
  const top: Node = { path: "", name: "", children: [] };
  const folders = new Map([["", top]]);
  const folder = (path: string): Node => {
    const known = folders.get(path);
    if (known) return known;
    const [above, name] = apart(path);
    const made: Node = { path, name, children: [] };
    folders.set(path, made);
    folder(above).children?.push(made);
    return made;
  };
  for (const path of files.keys()) {
    if (isFolder(path)) {
      folder(path.slice(0, -1));
    } else {
      const [above, name] = apart(path);
      folder(above).children?.push({ path, name, children: null });
    }
  }
  for (const { children } of folders.values()) children?.sort(byKindAndName);
  return top.children ?? [];
}

const byKindAndName = (one: Node, other: Node) =>
  Number(one.children === null) - Number(other.children === null) || one.name.localeCompare(other.name);

/** The folder of a path, "" for the top, and its name in there. */
export function apart(path: string): [string, string] {
  const at = path.lastIndexOf("/");
  return [path.slice(0, Math.max(at, 0)), path.slice(at + 1)];
}

/** The folders that a path lies in, from the top. */
export function foldersOf(path: string): string[] {
  const [above] = apart(path);
  return above ? [...foldersOf(above), above] : [];
}
