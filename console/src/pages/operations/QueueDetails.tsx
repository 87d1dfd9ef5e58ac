import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { own } from "../../api/own";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { count, moment, seconds } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";
import { DeadLetters } from "./DeadLetters";
import type { Queue, QueuedEvent } from "./types";

const COUNTS: readonly (readonly [string, string])[] = [
  ["received", "Accepted"],
  ["tried", "Runs, first and again"],
  ["refused", "Times it could not run"],
  ["succeeded", "Succeeded"],
  ["failed", "Failed for good"],
  ["looped", "Stopped in a loop"],
  ["dropped", "Failed and told nobody"],
  ["undelivered", "Deliveries that failed"],
  ["given_up", "Records and dead letters given up"],
];

/** One queue: what has become of its events since the server started, and the next ones. */
export function QueueDetails({ name, queue, onClose }: { name: string; queue: Queue | undefined; onClose: () => void }) {
  const { connection } = useSession();
  const events = useLoad(
    () => own<{ events: QueuedEvent[] }>(connection, "GET", "queue/events", { query: { function: name } }),
    name,
    5_000,
  );
  return (
    <Modal visible size="large" header={`Queue of ${name}`} closeAriaLabel="Close" onDismiss={onClose}>
      <SpaceBetween size="l">
        {queue && (
          <SpaceBetween size="s">
            <Header variant="h3">Since the server started</Header>
            <KeyValuePairs columns={3} items={COUNTS.map(([id, label]) => ({ label, value: count(queue.since_start[id] ?? 0) }))} />
          </SpaceBetween>
        )}
        <DeadLetters name={name} />
        <AsyncPanel load={events} what="The events could not be read">
          {(found) => (
            <Table
              variant="embedded"
              items={found.events}
              trackBy="request_id"
              header={<Header variant="h3" description="What is in them is not told. At most a hundred.">Next events</Header>}
              empty={<Box textAlign="center">No event waits.</Box>}
              columnDefinitions={[
                { id: "id", header: "Request ID", cell: (event) => event.request_id, isRowHeader: true },
                { id: "accepted", header: "Accepted", cell: (event) => moment(event.accepted_ms) },
                { id: "attempts", header: "Attempts", cell: (event) => count(event.attempts) },
                { id: "refusals", header: "Refused since", cell: (event) => count(event.refusals) },
                { id: "next", header: "Next attempt", cell: (event) => (event.next_attempt_s ? `in ${seconds(event.next_attempt_s)}` : "now") },
              ]}
            />
          )}
        </AsyncPanel>
      </SpaceBetween>
    </Modal>
  );
}
