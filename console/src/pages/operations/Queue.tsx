import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { own } from "../../api/own";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { CliCommand, lambdadCommand } from "../../parts/CliCommand";
import { count, seconds } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";
import { QueueDetails } from "./QueueDetails";
import { type Risky, SteerQueue } from "./SteerQueue";
import type { Queue, Queues } from "./types";

const nameOf = (queue: Queue) => (queue.qualifier ? `${queue.function}:${queue.qualifier}` : queue.function);

/** Events that were accepted and have not ended: how many, how old, what is tried next, and what is owed of them. */
export default function QueuePage() {
  const { connection, region } = useSession();
  const queues = useLoad(() => own<Queues>(connection, "GET", "queue"), `queue ${region}`, 5_000);
  const [shown, setShown] = useState<string | null>(null);
  const [asked, setAsked] = useState<{ what: Risky; queue: Queue } | null>(null);
  const { busy, run } = useAction();

  const steer = async (what: "pause" | "resume", name: string) => {
    const words = {
      pause: { doing: `Pausing the queue of ${name}`, done: `The queue of ${name} is paused; events are still accepted.` },
      resume: { doing: `Resuming the queue of ${name}`, done: `The queue of ${name} goes on.` },
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
              wrapLines
              contentDensity="compact"
              header={<Header variant="h2" counter={`(${found.total.queues})`}>Queues</Header>}
              empty={<Box textAlign="center">No event waits, and nothing has happened since the server started.</Box>}
              columnDefinitions={[
                { id: "function", header: "Function", cell: (queue) => nameOf(queue), isRowHeader: true },
                { id: "state", header: "State", cell: (queue) => <State queue={queue} /> },
                { id: "events", header: "Queued", cell: (queue) => count(queue.events) },
                { id: "running", header: "Running", cell: (queue) => count(queue.running) },
                { id: "oldest", header: "Oldest", cell: (queue) => (queue.events ? seconds(queue.oldest_s) : "–") },
                { id: "next", header: "Next attempt", cell: (queue) => (queue.next_attempt_s === null ? "–" : `in ${seconds(queue.next_attempt_s)}`) },
                { id: "tries", header: "Runs / refused", cell: (queue) => `${count(queue.since_start["tried"] ?? 0)} / ${count(queue.since_start["refused"] ?? 0)}` },
                { id: "ended", header: "Succeeded / failed", cell: (queue) => `${count(queue.since_start["succeeded"] ?? 0)} / ${count(queue.since_start["failed"] ?? 0)}` },
                {
                  id: "actions",
                  header: "Actions",
                  cell: (queue) => (
                    <ButtonDropdown
                      ariaLabel={`Actions for ${nameOf(queue)}`}
                      loading={busy}
                      variant="icon"
                      expandToViewport
                      items={[
                        { id: "show", text: "Show events and counts" },
                        queue.paused ? { id: "resume", text: "Resume" } : { id: "pause", text: "Pause" },
                        { id: "redrive", text: "Redrive dead letters" },
                        { id: "purge", text: "Purge", disabled: queue.events === 0 },
                      ]}
                      onItemClick={({ detail }) => {
                        if (detail.id === "show") setShown(nameOf(queue));
                        else if (detail.id === "pause" || detail.id === "resume") void steer(detail.id, nameOf(queue));
                        else setAsked({ what: detail.id as Risky, queue });
                      }}
                    />
                  ),
                },
              ]}
            />
            <OwedTable queues={found} />
          </SpaceBetween>
        )}
      </AsyncPanel>
      <CliCommand command={lambdadCommand(["queue"], { region })} />
      {shown && <QueueDetails name={shown} queue={queues.value?.queues.find((one) => nameOf(one) === shown)} onClose={() => { setShown(null); }} />}
      {asked && <SteerQueue what={asked.what} name={nameOf(asked.queue)} events={asked.queue.events} onClose={() => { setAsked(null); }} onDone={queues.reload} />}
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
