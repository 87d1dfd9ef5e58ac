import Grid from "@cloudscape-design/components/grid";
import { metricData } from "../../api/cloudwatch";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import type { Zone } from "../../parts/format";
import { type Loaded, useLoad } from "../../parts/useLoad";
import { ColdStarts } from "./ColdStarts";
import { Graph } from "./Graph";
import { type Range, spanOf } from "./ranges";
import { type Lines, linesOf, queriesOf, successOf, SUCCESS } from "./series";

const EVERY_MS = 10_000;

export interface Measured {
  startMs: number;
  graphs: Lines[];
}

/** What was measured of the function in this time. */
export function useMetrics(name: string, range: Range, isLive: boolean): Loaded<Measured> {
  const { connection, region } = useSession();
  return useLoad(
    async () => {
      const { startMs, endMs } = spanOf(range, Date.now());
      const found = await metricData(connection, queriesOf(name, range.periodS), startMs, endMs);
      return { startMs, graphs: linesOf(found, startMs, endMs, range.periodS) };
    },
    `${region} ${name} ${range.id}`,
    isLive ? EVERY_MS : undefined,
  );
}

interface Props {
  name: string;
  group: string;
  load: Loaded<Measured>;
  range: Range;
  zone: Zone;
  isLive: boolean;
}

/** The function's graphs. */
export function Metrics({ name, group, load, range, zone, isLive }: Props) {
  return (
    <AsyncPanel load={load} what="The metrics could not be read">
      {({ graphs, startMs }) => {
        const time = { startMs, periodS: range.periodS, zone };
        const valuesOf = (title: string) => graphs.find(({ graph }) => graph.title === title)?.lines[0]?.values ?? [];
        const drawn = graphs.map(({ graph: { title, show }, lines }) => <Graph key={title} {...time} title={title} show={show} lines={lines} />);
        const success = <Graph key="success" {...time} {...SUCCESS} lines={[{ name: "Success", values: successOf(valuesOf("Invocations"), valuesOf("Errors")) }]} />;
        const cold = <ColdStarts key="cold" name={name} group={group} range={range} zone={zone} isLive={isLive} />;
        const all = [...drawn.slice(0, 2), success, ...drawn.slice(2, 5), cold, ...drawn.slice(5)];
        return <Grid gridDefinition={all.map(() => ({ colspan: { default: 12, s: 6, l: 4 } }))}>{all}</Grid>;
      }}
    </AsyncPanel>
  );
}
