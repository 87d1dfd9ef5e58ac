import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { own } from "../../api/own";
import { encoded } from "../../api/signature";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { moment, ms, type Zone } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";

interface Invocation {
  request_id: string;
  version: string;
  status: string;
  error_type: string | null;
  started_ms: number;
  duration_ms: number;
  billed_ms: number;
  init_ms: number | null;
  max_memory_mib: number;
  memory_mib: number;
  start: string;
  start_path: string | null;
  stages: { stage: string; duration_ms: number }[];
}

/** The last invocations, and where the time of each went. */
export function RecentInvocations({ name, zone, isLive }: { name: string; zone: Zone; isLive: boolean }) {
  const { connection, region } = useSession();
  const load = useLoad(
    () => own<{ invocations: Invocation[] }>(connection, "GET", `functions/${encoded(name)}/invocations`, { query: { limit: 50 } }),
    `${region} ${name}`,
    isLive ? 5_000 : undefined,
  );
  return (
    <AsyncPanel load={load} what="The last invocations could not be read">
      {({ invocations }) => {
        const cold = invocations.filter(({ start }) => start === "cold").length;
        return (
          <Table
            items={invocations}
            trackBy="request_id"
            header={<Header variant="h2" counter={`(${invocations.length})`} description={`Since the server started; ${cold} of them were cold starts.`}>Recent invocations</Header>}
            empty={<Box textAlign="center">It was not called since the server started.</Box>}
            columnDefinitions={[
              { id: "time", header: "Time", cell: (one) => moment(one.started_ms, zone, true), isRowHeader: true },
              { id: "status", header: "Status", cell: (one) => <StatusIndicator type={one.status === "success" ? "success" : "error"}>{one.error_type ?? one.status}</StatusIndicator> },
              { id: "start", header: "Start", cell: (one) => (one.start === "cold" ? <Badge color="blue">{`cold: ${one.start_path ?? ""}`}</Badge> : "warm") },
              { id: "duration", header: "Duration", cell: (one) => ms(one.duration_ms) },
              { id: "billed", header: "Billed", cell: (one) => ms(one.billed_ms) },
              { id: "memory", header: "Memory", cell: (one) => `${one.max_memory_mib} of ${one.memory_mib} MB` },
              { id: "stages", header: "Where its time went", cell: (one) => <Stages stages={one.stages} /> },
              { id: "id", header: "Request ID", cell: (one) => one.request_id },
            ]}
          />
        );
      }}
    </AsyncPanel>
  );
}

function Stages({ stages }: { stages: Invocation["stages"] }) {
  const total = stages.reduce((sum, { duration_ms: took }) => sum + took, 0) || 1;
  const words = stages.map(({ stage, duration_ms: took }) => `${stage} ${ms(took)}`).join(", ");
  return (
    <div>
      <div className="stages" aria-hidden>
        {stages.map(({ stage, duration_ms: took }) => <span key={stage} className={`stage-${stage}`} style={{ flexGrow: took / total }} />)}
      </div>
      <Box variant="small">{words}</Box>
    </div>
  );
}
