/**
 * Code that was changed and is not deployed. It is kept while the page lives: other tabs of the function, other pages and
 * a new sign-in leave it, and the browser asks before the page itself is left.
 */

import { useCallback, useSyncExternalStore } from "react";
import type { Files } from "./files";

export interface Draft {
  /** What was there when the first change was made. */
  before: Files;
  /** SHA-256 of the code that was. */
  sha: string;
  files: Files;
}

const drafts = new Map<string, Draft>();
const listeners = new Set<() => void>();

const ask = (event: BeforeUnloadEvent) => {
  event.preventDefault();
};

function keep(key: string, draft: Draft | null): void {
  if (draft) drafts.set(key, draft);
  else drafts.delete(key);
  removeEventListener("beforeunload", ask);
  if (drafts.size > 0) addEventListener("beforeunload", ask);
  listeners.forEach((tell) => { tell(); });
}

/** Of who signs out nothing is left; false when they would rather stay. */
export function forgetDrafts(): boolean {
  if (drafts.size > 0 && !confirm("Changes of code that are not deployed will be lost. Sign out?")) return false;
  [...drafts.keys()].forEach((key) => { keep(key, null); });
  return true;
}

const listen = (tell: () => void) => {
  listeners.add(tell);
  return () => {
    listeners.delete(tell);
  };
};

/** Whose draft of which function. */
export const draftKey = (arn: string, region: string, name: string) => `${arn} ${region} ${name}`;

/** The draft of a function; `key` says whose and which. */
export function useDraft(key: string): [Draft | null, (draft: Draft | null) => void] {
  const draft = useSyncExternalStore(listen, () => drafts.get(key) ?? null);
  const put = useCallback((next: Draft | null) => { keep(key, next); }, [key]);
  return [draft, put];
}
