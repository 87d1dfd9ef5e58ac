import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useEffect, useRef, useState } from "react";
import { messagesOf } from "../../api/eventstream";
import { type LogEvent, logs } from "../../api/logs";
import { ApiError, type Connection, send } from "../../api/transport";
import { useSession } from "../../app/session";
import { Problem } from "../../parts/AsyncPanel";
import type { Zone } from "../../parts/format";
import { kept } from "./lines";
import { LogLines } from "./LogLines";

const MOST = 2_000;

interface Update {
  sessionResults?: LogEvent[];
  sessionMetadata?: { sampled?: boolean };
}

async function follow(connection: Connection, group: string, pattern: string, signal: AbortSignal, take: (events: LogEvent[], isSampled: boolean) => void) {
  const { logGroups } = await logs<{ logGroups: { logGroupName: string; logGroupArn?: string; arn?: string }[] }>(
    connection,
    "DescribeLogGroups",
    { logGroupNamePrefix: group },
    signal,
  );
  const found = logGroups.find(({ logGroupName }) => logGroupName === group);
  const arn = (found?.logGroupArn ?? found?.arn ?? "").replace(/:\*$/, "");
  if (!arn) throw new ApiError("ResourceNotFoundException", "There is no such log group yet: call the function once.", 400, "");
  const response = await send(connection, {
    service: "logs",
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "Logs_20140328.StartLiveTail" },
    body: JSON.stringify({ logGroupIdentifiers: [arn], ...(pattern ? { logEventFilterPattern: pattern } : {}) }),
    signal,
  });
  const text = new TextDecoder();
  for await (const { headers, payload } of messagesOf(response)) {
    if (headers[":message-type"] === "exception") {
      throw new ApiError(headers[":exception-type"] ?? "SessionEnded", (JSON.parse(text.decode(payload)) as { message?: string }).message ?? "The tail ended.", 200, "");
    }
    if (headers[":event-type"] === "sessionUpdate") {
      const update = JSON.parse(text.decode(payload)) as Update;
      take(update.sessionResults ?? [], update.sessionMetadata?.sampled ?? false);
    }
  }
}

/** What is printed now, as it is printed; drawn once a frame however much comes. */
export function LiveTail({ group, pattern, zone, isPretty }: { group: string; pattern: string; zone: Zone; isPretty: boolean }) {
  const { connection } = useSession();
  const [runs, setRuns] = useState(true);
  const [events, setEvents] = useState<LogEvent[]>([]);
  const [count, setCount] = useState(0);
  const [isSampled, setSampled] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const waiting = useRef<LogEvent[]>([]);
  const frame = useRef(0);
  const numbers = useRef(0);
  const came = useRef(0);

  useEffect(() => {
    if (!runs) return;
    const ended = new AbortController();
    const draw = () => {
      frame.current = 0;
      const more = waiting.current;
      waiting.current = [];
      setCount(came.current);
      setEvents((known) => kept(known, more, MOST));
    };
    follow(connection, group, pattern, ended.signal, (more, sampled) => {
      if (sampled) setSampled(true);
      // Each has a name of its own, so that what is shown already is not drawn again.
      const named = more.map((event) => ({ ...event, eventId: `tail-${(numbers.current += 1)}` }));
      came.current += more.length;
      waiting.current = kept(waiting.current, named, MOST);
      if (more.length && !frame.current) frame.current = requestAnimationFrame(draw);
    })
      .then(() => {
        if (!ended.signal.aborted) setRuns(false);
      })
      .catch((error: unknown) => {
        if (ended.signal.aborted) return;
        setFailure(error instanceof ApiError ? error : new ApiError("Unreachable", "The tail broke off.", 0, ""));
        setRuns(false);
      });
    return () => {
      ended.abort();
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [connection, group, pattern, runs]);

  return (
    <SpaceBetween size="s">
      {failure && <Problem error={failure} what="The live tail ended" onRetry={() => { setFailure(null); setRuns(true); }} />}
      <SpaceBetween direction="horizontal" size="s" alignItems="center">
        <Button onClick={() => { setFailure(null); setRuns(!runs); }}>{runs ? "Pause" : "Start"}</Button>
        <Button onClick={() => { setEvents([]); came.current = 0; setCount(0); setSampled(false); }}>Clear</Button>
        <StatusIndicator type={runs ? "in-progress" : "stopped"}>{runs ? `Following: ${count.toLocaleString("en-US")} events` : "Paused"}</StatusIndicator>
        {isSampled && <StatusIndicator type="info">More came than a tail tells in a second (500, as on AWS): some are left out</StatusIndicator>}
      </SpaceBetween>
      <LogLines events={events} zone={zone} isPretty={isPretty} label="Live tail" />
    </SpaceBetween>
  );
}
