import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { bytes, count } from "../../parts/format";
import type { Pool, Status } from "./types";

/** The ways in which the runtime of an environment comes to be. */
export const WAYS: Readonly<Record<string, string>> = {
  pool: "Pool: a sandbox was waiting",
  fork: "Fork server",
  spawn: "Spawned",
  restore: "Restored from a snapshot",
};

/** How environments have been started, and what waits for the next ones. */
export function Starts({ status: { starts, pools, snapshots } }: { status: Status }) {
  return (
    <Container header={<Header variant="h2" description="Since the server started.">Starts</Header>}>
      <SpaceBetween size="m">
        <KeyValuePairs
          columns={4}
          items={[
            ...Object.entries(starts).map(([way, many]) => ({ label: WAYS[way] ?? way, value: count(many) })),
            { label: "Snapshots kept", value: `${count(snapshots.count)}, ${bytes(snapshots.memory_bytes)}` },
          ]}
        />
        <Table
          variant="embedded"
          items={Object.entries(pools).map(([kind, pool]) => ({ kind, ...pool }))}
          trackBy="kind"
          header={<Header variant="h3">Sandboxes that wait</Header>}
          empty={<Box textAlign="center">None is kept: pools are off, or this host cannot have them.</Box>}
          columnDefinitions={[
            { id: "kind", header: "Runtime", cell: (one) => one.kind, isRowHeader: true },
            { id: "waiting", header: "Waiting", cell: (one) => `${count(one.waiting)} of ${count(one.wanted)}` },
            { id: "state", header: "State", cell: (one) => <State pool={one} /> },
          ]}
        />
      </SpaceBetween>
    </Container>
  );
}

function State({ pool }: { pool: Pool }) {
  if (pool.failing) return <StatusIndicator type="error">{`None can be made: ${pool.last_failure ?? "for an unknown reason"}`}</StatusIndicator>;
  if (pool.waiting < pool.wanted) return <StatusIndicator type="in-progress">Being filled</StatusIndicator>;
  return <StatusIndicator>{pool.failures ? `Full, after ${count(pool.failures)} failures` : "Full"}</StatusIndicator>;
}
