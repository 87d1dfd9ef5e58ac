/** When functions started cold, out of their log: CloudWatch has no metric of it. */

import { type LogEvent, logs } from "../../api/logs";
import { type Connection, orNothing } from "../../api/transport";
import { reportIn } from "../function/report";

/** In both formats of log. */
const PATTERN = '?"Init Duration" ?initDurationMs ?"Restore Duration" ?restoreDurationMs';
const MOST = 10_000;

interface Found {
  /** ms since the epoch of each, the first of them only. */
  times: number[];
  /** There may be more. */
  isCut: boolean;
}

/** The cold starts of a function between two times; none while it has no log. */
export async function coldStarts(connection: Connection, name: string, group: string, startMs: number, endMs: number, signal: AbortSignal): Promise<Found> {
  const times: number[] = [];
  let nextToken: string | undefined;
  do {
    const asked = { logGroupName: group, startTime: startMs, endTime: endMs - 1, filterPattern: PATTERN, limit: MOST, ...(nextToken ? { nextToken } : {}) };
    const page = await orNothing(logs<{ events: LogEvent[]; nextToken?: string }>(connection, "FilterLogEvents", asked, signal));
    times.push(...(page?.events ?? []).filter((event) => isOf(event, name) && isColdStart(event.message)).map(({ timestamp }) => timestamp));
    nextToken = page?.nextToken;
  } while (nextToken && times.length < MOST);
  return { times: times.slice(0, MOST), isCut: times.length >= MOST };
}

/** Functions may share a group; their streams are then named after them. */
const isOf = ({ logStreamName }: LogEvent, name: string): boolean => !logStreamName || /\/\[/.test(logStreamName) || logStreamName.includes(`/${name}[`);

/** Whether the line is the server's, and says so. */
export function isColdStart(message: string): boolean {
  if (message.startsWith("REPORT ")) return /\t(Init|Restore) Duration: /.test(message);
  if (!message.startsWith("{")) return false;
  const report = reportIn(message);
  return report !== null && (report.initMs !== null || message.includes('"restoreDurationMs"'));
}

/** How many there were in each period. */
export function counted(times: readonly number[], startMs: number, endMs: number, periodS: number): number[] {
  const counts = Array.from({ length: Math.round((endMs - startMs) / 1000 / periodS) }, () => 0);
  for (const time of times) {
    const at = Math.floor((time - startMs) / 1000 / periodS);
    if (at >= 0 && at < counts.length) counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}
