/** Test events that were saved: in this browser, by account, region and function. */

const keyOf = (owner: string) => `lambdad.events ${owner}`;

export function keptEvents(owner: string): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(keyOf(owner)) ?? "{}") as Record<string, string>;
  } catch {
    return {};
  }
}

export function keepEvents(owner: string, events: Record<string, string>): void {
  localStorage.setItem(keyOf(owner), JSON.stringify(events));
}
