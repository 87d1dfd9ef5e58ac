import Box from "@cloudscape-design/components/box";
import { useSession } from "../../app/session";
import { Problem } from "../../parts/AsyncPanel";
import { count, type Zone } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";
import { coldStarts, counted } from "./coldStarts";
import { Graph } from "./Graph";
import { type Range, spanOf } from "./ranges";

const EVERY_MS = 30_000;

/** How often the function started cold: what its log says. */
export function ColdStarts({ name, group, range, zone, isLive }: { name: string; group: string; range: Range; zone: Zone; isLive: boolean }) {
  const { connection, region } = useSession();
  const load = useLoad(
    async (signal) => {
      const { startMs, endMs } = spanOf(range, Date.now());
      const { times, isCut } = await coldStarts(connection, name, group, startMs, endMs, signal);
      return { startMs, isCut, values: times.length ? counted(times, startMs, endMs, range.periodS) : [] };
    },
    `${region} ${name} ${range.id}`,
    isLive ? EVERY_MS : undefined,
  );
  return (
    <>
      {load.error && <Problem error={load.error} onRetry={load.reload} what="Cold starts could not be read from the log" />}
      {load.value && <Graph title="Cold starts" show={count} startMs={load.value.startMs} periodS={range.periodS} zone={zone} lines={[{ name: "Sum", values: load.value.values }]} />}
      {load.value?.isCut && <Box variant="small">Only the first are counted: choose a shorter time.</Box>}
    </>
  );
}
