import Button from "@cloudscape-design/components/button";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import { metricData, type MetricQuery } from "../../api/cloudwatch";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { count, ms, type Zone } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";
import type { TabProps } from "../function/tabs";
import { Graph } from "./Graph";
import { problemOfSpan, typed } from "../logs/times";
import { TimeSpan } from "../logs/TimeSpan";
import { custom, RANGES, spanOf, spread } from "./ranges";
import { RecentInvocations } from "./RecentInvocations";

const METRICS: readonly [string, string, string][] = [
  ["invocations", "Invocations", "Sum"],
  ["errors", "Errors", "Sum"],
  ["throttles", "Throttles", "Sum"],
  ["low", "Duration", "Minimum"],
  ["mean", "Duration", "Average"],
  ["p95", "Duration", "p95"],
  ["at", "ConcurrentExecutions", "Maximum"],
];
const EVERY_MS = 10_000;
const CUSTOM = "custom";

/** The function's graphs, and its last invocations. */
export default function MonitorTab({ name }: TabProps) {
  const { connection, region } = useSession();
  const [rangeId, setRangeId] = useState("1h");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [until, setUntil] = useState(0);
  const [zone, setZone] = useState<Zone>("local");
  const [isLive, setLive] = useState(true);
  const problem = rangeId === CUSTOM ? problemOfSpan(from, to, zone) : null;
  const begin = typed(from, zone);
  const whole = RANGES.find(({ id }) => id === rangeId) ?? RANGES[0];
  const range = rangeId === CUSTOM && begin !== null && problem === null ? custom(begin, typed(to, zone) ?? Math.max(until, begin + 60_000)) : whole;
  const load = useLoad(
    async () => {
      const span = spanOf(range, Date.now());
      const queries = METRICS.map(([id, metric, statistic]): MetricQuery => ({ id, metric, statistic, dimensions: { FunctionName: name }, periodS: range.periodS }));
      const found = await metricData(connection, queries, span.startMs, span.endMs);
      const of = (id: string) => {
        const series = found.get(id);
        return spread(series?.times ?? [], series?.values ?? [], span.startMs, span.endMs, range.periodS);
      };
      return { ...span, of };
    },
    `${region} ${name} ${range.id}`,
    isLive ? EVERY_MS : undefined,
  );
  return (
    <SpaceBetween size="l">
      <Header
        variant="h2"
        actions={
          <SpaceBetween direction="horizontal" size="s" alignItems="center">
            <SegmentedControl label="Time shown" selectedId={rangeId} options={[...RANGES.map(({ id, label }) => ({ id, text: id, iconAlt: label })), { id: CUSTOM, text: "Custom" }]} onChange={({ detail }) => { setRangeId(detail.selectedId); setUntil(Date.now()); }} />
            <Toggle checked={zone === "utc"} onChange={({ detail }) => { setZone(detail.checked ? "utc" : "local"); }}>UTC</Toggle>
            <Toggle checked={isLive} onChange={({ detail }) => { setLive(detail.checked); }}>Auto refresh</Toggle>
            <Button iconName="refresh" ariaLabel="Refresh" loading={load.isLoading && !load.value} onClick={load.reload} />
          </SpaceBetween>
        }
      >
        Metrics
      </Header>
      {rangeId === CUSTOM && <TimeSpan from={from} to={to} problem={problem} onFrom={setFrom} onTo={setTo} />}
      <AsyncPanel load={load} what="The metrics could not be read">
        {({ of, startMs }) => {
          const invocations = of("invocations");
          const errors = of("errors");
          const rate = invocations.map((all, index) => (all ? 100 * (1 - (errors[index] ?? 0) / all) : null));
          const time = { startMs, periodS: range.periodS, zone };
          return (
            <Grid gridDefinition={Array.from({ length: 5 }, () => ({ colspan: { default: 12, s: 6, l: 4 } }))}>
              <Graph {...time} title="Invocations" show={count} lines={[{ name: "Sum", values: invocations }]} />
              <Graph {...time} title="Errors and throttles" show={count} lines={[{ name: "Errors", values: errors }, { name: "Throttles", values: of("throttles") }]} />
              <Graph {...time} title="Success rate" show={(value) => `${count(value)} %`} lines={[{ name: "Success", values: rate }]} />
              <Graph {...time} title="Duration" show={ms} lines={[{ name: "Minimum", values: of("low") }, { name: "Average", values: of("mean") }, { name: "p95", values: of("p95") }]} />
              <Graph {...time} title="Concurrent executions" show={count} lines={[{ name: "Maximum", values: of("at") }]} />
            </Grid>
          );
        }}
      </AsyncPanel>
      <RecentInvocations name={name} zone={zone} isLive={isLive} />
      <CliCommand command={awsCommand("cloudwatch get-metric-statistics", { namespace: "AWS/Lambda", "metric-name": "Invocations", dimensions: `Name=FunctionName,Value=${name}`, statistics: "Sum", period: range.periodS, "start-time": new Date(spanOf(range, Date.now()).startMs).toISOString(), "end-time": new Date().toISOString(), region })} />
    </SpaceBetween>
  );
}
