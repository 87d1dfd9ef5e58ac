import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Toggle from "@cloudscape-design/components/toggle";
import { useEffect, useRef, useState } from "react";
import { type LogEvent, logs } from "../../api/logs";
import { ApiError, type Connection } from "../../api/transport";
import { useSession } from "../../app/session";
import { Problem } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import type { Zone } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";
import { LiveTail } from "./LiveTail";
import { kept } from "./lines";
import { LogLines } from "./LogLines";
import { TimeSpan } from "./TimeSpan";
import { problemOfSpan, SPANS, typed } from "./times";

interface Page {
  events: LogEvent[];
  nextToken?: string;
}

const PAGE = 1_000;
const MOST = 10_000;
const RETRY_MS = 3_000;

interface Asked {
  pattern: string;
  startMs: number;
  endMs: number | null;
}

const pageOf = (connection: Connection, group: string, asked: Asked, token: string | undefined, signal?: AbortSignal) =>
  logs<Page>(
    connection,
    "FilterLogEvents",
    {
      logGroupName: group,
      startTime: asked.startMs,
      limit: PAGE,
      ...(asked.endMs === null ? {} : { endTime: asked.endMs }),
      ...(asked.pattern ? { filterPattern: asked.pattern } : {}),
      ...(token ? { nextToken: token } : {}),
    },
    signal,
  );

/** A log group: searched, paged to and fro, and followed. */
export function LogView({ group }: { group: string }) {
  const { region } = useSession();
  const [span, setSpan] = useState("1h");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [zone, setZone] = useState<Zone>("local");
  const [isPretty, setPretty] = useState(false);
  const [pattern, setPattern] = useState("");
  const [asked, setAsked] = useState<Asked>(() => ({ pattern: "", startMs: Date.now() - 3_600_000, endMs: null }));
  const [isLive, setLive] = useState(false);

  const ask = (words = pattern, id = span) => {
    const chosen = SPANS.find((one) => one.id === id);
    const startMs = chosen ? Date.now() - chosen.seconds * 1000 : (typed(from, zone) ?? Date.now() - 3_600_000);
    setAsked({ pattern: words, startMs, endMs: chosen ? null : typed(to, zone) });
  };
  const wrongTime = span === "custom" ? problemOfSpan(from, to, zone) : null;

  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2" actions={<Button onClick={() => { setLive(!isLive); }}>{isLive ? "Back to search" : "Live tail"}</Button>}>{group}</Header>}>
        <SpaceBetween size="m">
          <SpaceBetween direction="horizontal" size="m" alignItems="center">
            {!isLive && (
              <SegmentedControl
                label="Time shown"
                selectedId={span}
                options={[...SPANS.map(({ id }) => ({ id: id as string, text: id as string })), { id: "custom", text: "Custom" }]}
                onChange={({ detail }) => {
                  setSpan(detail.selectedId);
                  if (detail.selectedId !== "custom") ask(pattern, detail.selectedId);
                }}
              />
            )}
            <Toggle checked={zone === "utc"} onChange={({ detail }) => { setZone(detail.checked ? "utc" : "local"); }}>UTC</Toggle>
            <Toggle checked={isPretty} onChange={({ detail }) => { setPretty(detail.checked); }}>Spread JSON</Toggle>
          </SpaceBetween>
          {span === "custom" && !isLive && <TimeSpan from={from} to={to} problem={wrongTime} onFrom={setFrom} onTo={setTo} />}
          <form
            onSubmit={(event) => {
              event.preventDefault();
              ask();
            }}
          >
            <SpaceBetween direction="horizontal" size="s" alignItems="end">
              <FormField label="Filter pattern" constraintText={'Words, -not, ?or, "a phrase", %regex%, [a, b=404], { $.level = "ERROR" }'}>
                <Input type="search" value={pattern} spellcheck={false} onChange={({ detail }) => { setPattern(detail.value); }} placeholder="All events" />
              </FormField>
              {!isLive && <Button formAction="submit" disabled={wrongTime !== null}>Search</Button>}
            </SpaceBetween>
          </form>
        </SpaceBetween>
      </Container>
      {isLive ? (
        <LiveTail group={group} pattern={pattern} zone={zone} isPretty={isPretty} />
      ) : (
        <Search key={`${region} ${group} ${JSON.stringify(asked)}`} group={group} asked={asked} zone={zone} isPretty={isPretty} />
      )}
      <CliCommand command={awsCommand(`logs filter-log-events`, { "log-group-name": group, "start-time": asked.startMs, "filter-pattern": asked.pattern || undefined, region })} />
    </SpaceBetween>
  );
}

function Search({ group, asked, zone, isPretty }: { group: string; asked: Asked; zone: Zone; isPretty: boolean }) {
  const { connection } = useSession();
  const first = useLoad((signal) => pageOf(connection, group, asked, undefined, signal), "first");
  const [more, setMore] = useState<LogEvent[]>([]);
  const [older, setOlder] = useState<LogEvent[]>([]);
  const [olderFromMs, setOlderFromMs] = useState(asked.startMs);
  const [retries, setRetries] = useState(true);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const token = useRef<string | undefined>(undefined);
  const seen = useRef<LogEvent | undefined>(undefined);

  useEffect(() => {
    token.current = first.value?.nextToken;
    seen.current = first.value?.events.at(-1);
  }, [first.value]);

  const newer = async () => {
    setBusy(true);
    try {
      const since = token.current ? asked : { ...asked, startMs: (seen.current?.timestamp ?? asked.startMs - 1) + 1 };
      const page = await pageOf(connection, group, since, token.current);
      token.current = page.nextToken;
      seen.current = page.events.at(-1) ?? seen.current;
      setMore((known) => kept(known, page.events, MOST));
      setFailure(null);
    } catch (error) {
      setFailure(error as ApiError);
    }
    setBusy(false);
  };
  const earlier = async () => {
    setBusy(true);
    try {
      const spanMs = Math.max(60_000, Date.now() - asked.startMs);
      const page = await pageOf(connection, group, { ...asked, startMs: Math.max(0, olderFromMs - spanMs), endMs: olderFromMs - 1 }, undefined);
      setOlder((known) => [...page.events, ...known].slice(0, MOST));
      setOlderFromMs(Math.max(0, olderFromMs - spanMs));
      setFailure(null);
    } catch (error) {
      setFailure(error as ApiError);
    }
    setBusy(false);
  };

  const latest = useRef(newer);
  useEffect(() => {
    latest.current = newer;
  });
  const follows = retries && asked.endMs === null && first.value !== undefined;
  useEffect(() => {
    if (!follows) return;
    const timer = setInterval(() => {
      if (!document.hidden) void latest.current();
    }, RETRY_MS);
    return () => {
      clearInterval(timer);
    };
  }, [follows]);

  const missing = first.error?.isMissing ?? false;
  if (missing) {
    return <Alert type="info" header="There is no log yet" action={<Button onClick={first.reload}>Look again</Button>}>The group is made when the function prints or is called for the first time.</Alert>;
  }
  const problem = first.error ?? failure;
  return (
    <SpaceBetween size="s">
      {problem && <Problem error={problem} what="The log could not be searched" onRetry={first.reload} />}
      <Button loading={busy} disabled={!first.value || olderFromMs === 0} onClick={() => void earlier()}>Older events</Button>
      {first.value ? (
        <LogLines events={[...older, ...first.value.events, ...more]} zone={zone} isPretty={isPretty} label="Log events" />
      ) : (
        !problem && <StatusIndicator type="loading">Searching</StatusIndicator>
      )}
      {asked.endMs === null && (
        <SpaceBetween direction="horizontal" size="s" alignItems="center">
          <Button loading={busy} onClick={() => void newer()}>Newer events</Button>
          <Button variant="inline-link" onClick={() => { setRetries(!retries); }}>{retries ? "Auto retry: pause" : "Auto retry: resume"}</Button>
          {retries && <StatusIndicator type="in-progress">Looking for newer events</StatusIndicator>}
        </SpaceBetween>
      )}
    </SpaceBetween>
  );
}
