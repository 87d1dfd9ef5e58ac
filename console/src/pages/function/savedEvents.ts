/** Test events that were saved: in this browser, by account, region and function. */

const keyOf = (owner: string) => `lambdad.events ${owner}`;

export function keptEvents(owner: string): Record<string, string> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(owner)) ?? "{}");
    if (typeof kept !== "object" || kept === null) return {};
    return Object.fromEntries(Object.entries(kept).filter((one): one is [string, string] => typeof one[1] === "string"));
  } catch {
    return {};
  }
}

/** Whether the browser had room for them. */
export function keepEvents(owner: string, events: Record<string, string>): boolean {
  try {
    localStorage.setItem(keyOf(owner), JSON.stringify(events));
    return true;
  } catch {
    return false;
  }
}

const MOST = 25;

/** Why an event cannot have this name, by AWS's rule; null when it can. */
export const problemOfEventName = (name: string): string | null =>
  /^[\w.-]+$/.test(name) && name.length <= MOST ? null : `At most ${MOST} letters, digits, dots, hyphens and underscores.`;
