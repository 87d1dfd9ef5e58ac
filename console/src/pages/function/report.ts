/** What the last lines of a log say of an invocation. */

export interface Report {
  durationMs: number | null;
  billedMs: number | null;
  memoryMb: number | null;
  maxMemoryMb: number | null;
  initMs: number | null;
}

/** REPORT, in a log of the text or of the JSON format; null when it is not there. */
export function reportIn(log: string): Report | null {
  const line = log.split("\n").reverse().find((one) => one.startsWith("REPORT ") || one.includes('"platform.report"'));
  if (line === undefined) return null;
  return line.startsWith("{") ? ofJson(line) : ofText(line);
}

function ofText(line: string): Report {
  const of = (name: string) => {
    const found = new RegExp(`\\t${name}: ([\\d.]+) `).exec(line.replace("REPORT RequestId", "\tRequestId"));
    return found?.[1] === undefined ? null : Number(found[1]);
  };
  return {
    durationMs: of("Duration"),
    billedMs: of("Billed Duration"),
    memoryMb: of("Memory Size"),
    maxMemoryMb: of("Max Memory Used"),
    initMs: of("Init Duration"),
  };
}

function ofJson(line: string): Report | null {
  try {
    const { record } = JSON.parse(line) as { record: { metrics: Record<string, number | undefined> } };
    const { metrics } = record;
    return {
      durationMs: metrics["durationMs"] ?? null,
      billedMs: metrics["billedDurationMs"] ?? null,
      memoryMb: metrics["memorySizeMB"] ?? null,
      maxMemoryMb: metrics["maxMemoryUsedMB"] ?? null,
      initMs: metrics["initDurationMs"] ?? null,
    };
  } catch {
    return null;
  }
}
