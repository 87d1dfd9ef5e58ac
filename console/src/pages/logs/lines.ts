/** Log events as lines of a page. */

const MOST_SHOWN = 5_000;

export interface Shown {
  text: string;
  /** Characters that are left out. */
  cut: number;
}

/** A message without its last newline; JSON with one member a line when wanted; what is very long is cut. */
export function shownAs(message: string, isPretty: boolean): Shown {
  let text = message.endsWith("\n") ? message.slice(0, -1) : message;
  if (isPretty && text.length < 200_000 && (text.startsWith("{") || text.startsWith("["))) {
    try {
      text = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // No JSON after all.
    }
  }
  return text.length <= MOST_SHOWN ? { text, cut: 0 } : { text: text.slice(0, MOST_SHOWN), cut: text.length - MOST_SHOWN };
}

/** Keeps the last of many lines. */
export function kept<T>(known: readonly T[], more: readonly T[], most: number): T[] {
  return [...known, ...more].slice(-most);
}
