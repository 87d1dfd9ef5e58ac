import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { own } from "../../api/own";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { CliCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { count, moment, seconds } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";
import type { Queue, QueuedEvent, Queues } from "./types";

const nameOf = (queue: Queue) => (queue.qualifier ? `${queue.function}:${queue.qualifier}` : queue.function);

/** Events that were accepted and have not ended: how many, how old, what is tried next, and what is owed of them. */
export default function QueuePage() {
  const { connection, region } = useSession();
  const queues = useLoad(() => own<Queues>(connection, "GET", "queue"), `queue ${region}`, 5_000);
  const [shown, setShown] = useState<string | null>(null);
  const [purging, setPurging] = useState<Queue | null>(null);
  const [redriving, setRedriving] = useState<Queue | null>(null);
  const { busy, run } = useAction();

  const steer = async (what: "pause" | "resume" | "purge" | "redrive", queue: Queue) => {
    const name = nameOf(queue);
    const words = {
      pause: { doing: `Pausing the queue of ${name}`, done: `The queue of ${name} is paused; events are still accepted.` },
      resume: { doing: `Resuming the queue of ${name}`, done: `The queue of ${name} goes on.` },
      purge: { doing: `Purging the queue of ${name}`, done: `What waited in the queue of ${name} is removed.` },
      redrive: { doing: `Redriving dead letters of ${name}`, done: `Dead letters of ${name} are queued again.` },
    }[what];
    if (await run(words, () => own(connection, "POST", `queue/${what}`, { body: { function: name } }))) queues.reload();
  };

  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="Events of asynchronous invocation that were accepted and have not ended. Beyond AWS." actions={<Button iconName="refresh" ariaLabel="Refresh" onClick={queues.reload} />}>
        Event queue
      </Header>
      <AsyncPanel load={queues} what="The queues could not be read">
        {(found) => (
          <SpaceBetween size="l">
            <Table
              items={found.queues}
              trackBy={nameOf}
              header={<Header variant="h2" counter={`(${found.total.queues})`}>Queues</Header>}
              empty={<Box textAlign="center">No event waits, and nothing has happened since the server started.</Box>}
              columnDefinitions={[
                { id: "function", header: "Function", cell: (queue) => nameOf(queue), isRowHeader: true },
                { id: "state", header: "State", cell: (queue) => <State queue={queue} /> },
                { id: "events", header: "Queued", cell: (queue) => count(queue.events) },
                { id: "running", header: "Running", cell: (queue) => count(queue.running) },
                { id: "oldest", header: "Oldest", cell: (queue) => (queue.events ? seconds(queue.oldest_s) : "–") },
                { id: "next", header: "Next attempt", cell: (queue) => (queue.next_attempt_s === null ? "–" : `in ${seconds(queue.next_attempt_s)}`) },
                { id: "ended", header: "Succeeded / failed", cell: (queue) => `${count(queue.since_start["succeeded"] ?? 0)} / ${count(queue.since_start["failed"] ?? 0)}` },
                {
                  id: "actions",
                  header: "Actions",
                  cell: (queue) => (
                    <ButtonDropdown
                      ariaLabel={`Actions for ${nameOf(queue)}`}
                      loading={busy}
                      expandToViewport
                      items={[
                        { id: "show", text: "Show events" },
                        queue.paused ? { id: "resume", text: "Resume" } : { id: "pause", text: "Pause" },
                        { id: "redrive", text: "Redrive dead letters" },
                        { id: "purge", text: "Purge", disabled: queue.events === 0 },
                      ]}
                      onItemClick={({ detail }) => {
                        if (detail.id === "show") setShown(nameOf(queue));
                        else if (detail.id === "purge") setPurging(queue);
                        else if (detail.id === "redrive") setRedriving(queue);
                        else void steer(detail.id as "pause" | "resume", queue);
                      }}
                    >
                      Actions
                    </ButtonDropdown>
                  ),
                },
              ]}
            />
            <OwedTable queues={found} />
          </SpaceBetween>
        )}
      </AsyncPanel>
      {shown && <Events name={shown} onClose={() => { setShown(null); }} />}
      {purging && (
        <ConfirmDelete
          what={`${count(purging.events)} queued events of ${nameOf(purging)}`}
          word="purge"
          command={`lambdad queue purge ${nameOf(purging)} --endpoint ${location.origin}`}
          busy={busy}
          onCancel={() => { setPurging(null); }}
          onDelete={() => { void steer("purge", purging).then(() => { setPurging(null); }); }}
        >
          They end without a record: no destination and no dead-letter queue is told. Events under way go on.
        </ConfirmDelete>
      )}
      {redriving && (
        <Modal
          visible
          header={`Redrive dead letters of ${nameOf(redriving)}?`}
          onDismiss={() => { setRedriving(null); }}
          footer={
            <Box float="right">
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="link" onClick={() => { setRedriving(null); }}>Cancel</Button>
                <Button variant="primary" loading={busy} onClick={() => { void steer("redrive", redriving).then(() => { setRedriving(null); }); }}>Redrive</Button>
              </SpaceBetween>
            </Box>
          }
        >
          <Box>Up to 1,000 messages of its dead-letter queue are queued again as new events and deleted there.</Box>
          <CliCommand command={`lambdad queue redrive ${nameOf(redriving)} --endpoint ${location.origin}`} />
        </Modal>
      )}
    </SpaceBetween>
  );
}

function State({ queue }: { queue: Queue }) {
  if (queue.paused) return <StatusIndicator type="stopped">Paused</StatusIndicator>;
  if (queue.throttled_s > 0) return <StatusIndicator type="warning">Throttled for {seconds(queue.throttled_s)}</StatusIndicator>;
  if (queue.running) return <StatusIndicator type="in-progress">Running</StatusIndicator>;
  return queue.events ? <StatusIndicator type="pending">Waiting</StatusIndicator> : <StatusIndicator>Empty</StatusIndicator>;
}

function OwedTable({ queues }: { queues: Queues }) {
  const owed = queues.owed ?? queues.queues.flatMap((queue) => queue.owed ?? []);
  return (
    <Table
      items={owed}
      header={<Header variant="h2" counter={`(${queues.total.owed})`} description="Records and dead letters that were not delivered yet.">Owed to destinations</Header>}
      empty={<Box textAlign="center">Nothing is owed.</Box>}
      columnDefinitions={[
        { id: "target", header: "Target", cell: (one) => one.target, isRowHeader: true },
        { id: "messages", header: "Messages", cell: (one) => count(one.messages) },
        { id: "attempts", header: "Attempts", cell: (one) => count(one.attempts) },
        { id: "next", header: "Next attempt", cell: (one) => (one.next_attempt_s === null ? "–" : `in ${seconds(one.next_attempt_s)}`) },
        { id: "error", header: "Last error", cell: (one) => one.last_error ?? "–" },
      ]}
    />
  );
}

function Events({ name, onClose }: { name: string; onClose: () => void }) {
  const { connection } = useSession();
  const events = useLoad(
    () => own<{ events: QueuedEvent[] }>(connection, "GET", "queue/events", { query: { function: name } }),
    name,
    5_000,
  );
  return (
    <Modal visible size="large" header={`Next events of ${name}`} onDismiss={onClose}>
      <AsyncPanel load={events} what="The events could not be read">
        {(found) => (
          <Table
            variant="embedded"
            items={found.events}
            trackBy="request_id"
            empty={<Box textAlign="center">No event waits.</Box>}
            columnDefinitions={[
              { id: "id", header: "Request ID", cell: (event) => event.request_id, isRowHeader: true },
              { id: "accepted", header: "Accepted", cell: (event) => moment(event.accepted_ms) },
              { id: "attempts", header: "Attempts", cell: (event) => count(event.attempts) },
              { id: "next", header: "Next attempt", cell: (event) => (event.next_attempt_s ? `in ${seconds(event.next_attempt_s)}` : "now") },
            ]}
          />
        )}
      </AsyncPanel>
    </Modal>
  );
}
