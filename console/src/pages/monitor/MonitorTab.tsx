import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import { useSession } from "../../app/session";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import type { Zone } from "../../parts/format";
import type { TabProps } from "../function/tabs";
import { problemOfSpan, relativeS, typed } from "../logs/times";
import { TimeSpan } from "../logs/TimeSpan";
import { Metrics, useMetrics } from "./Metrics";
import { custom, last, type Range, RANGES, spanOf } from "./ranges";
import { RecentInvocations } from "./RecentInvocations";

const CUSTOM = "custom";
const FIRST = RANGES.find(({ id }) => id === "1h") ?? RANGES[0];

/** The function's graphs, and its last invocations. */
export default function MonitorTab({ name, details }: TabProps) {
  const { region } = useSession();
  const [rangeId, setRangeId] = useState(FIRST.id);
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [since, setSince] = useState(0);
  const [zone, setZone] = useState<Zone>("local");
  const [isLive, setLive] = useState(true);
  const problem = rangeId === CUSTOM ? problemOfSpan(from, to, zone) : null;
  const range = rangeId === CUSTOM ? ((problem === null ? rangeOf(from, to, zone, since) : null) ?? FIRST) : (RANGES.find(({ id }) => id === rangeId) ?? FIRST);
  const load = useMetrics(name, range, isLive);
  const options = [...RANGES.map(({ id, label }) => ({ id, text: id, iconAlt: label })), { id: CUSTOM, text: "Custom" }];
  return (
    <SpaceBetween size="l">
      <Header variant="h2" actions={<Button iconName="refresh" ariaLabel="Refresh" loading={load.isLoading && !load.value} onClick={load.reload} />}>
        Metrics
      </Header>
      <SpaceBetween direction="horizontal" size="m" alignItems="center">
        <SegmentedControl label="Time shown" selectedId={rangeId} options={options} onChange={({ detail }) => { setRangeId(detail.selectedId); setSince(Date.now()); }} />
        <Toggle checked={zone === "utc"} onChange={({ detail }) => { setZone(detail.checked ? "utc" : "local"); }}>UTC</Toggle>
        <Toggle checked={isLive} onChange={({ detail }) => { setLive(detail.checked); }}>Auto refresh</Toggle>
      </SpaceBetween>
      {rangeId === CUSTOM && <TimeSpan from={from} to={to} problem={problem} onFrom={setFrom} onTo={setTo} />}
      <Metrics name={name} group={details.Configuration.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`} load={load} range={range} zone={zone} isLive={isLive} />
      <RecentInvocations name={name} zone={zone} isLive={isLive} />
      <CliCommand command={awsCommand("cloudwatch get-metric-statistics", { namespace: "AWS/Lambda", "metric-name": "Invocations", dimensions: `Name=FunctionName,Value=${name}`, statistics: "Sum", period: range.periodS, "start-time": new Date(spanOf(range, Date.now()).startMs).toISOString(), "end-time": new Date().toISOString(), region })} />
    </SpaceBetween>
  );
}

/** The span of time that was typed; null before there is one. `nowMs` is a moment that stays while it is shown. */
function rangeOf(from: string, to: string, zone: Zone, nowMs: number): Range | null {
  const begin = typed(from, zone, nowMs);
  if (begin === null) return null;
  const spanS = relativeS(from);
  return spanS !== null && !to ? last(spanS) : custom(begin, typed(to, zone, nowMs), nowMs);
}
