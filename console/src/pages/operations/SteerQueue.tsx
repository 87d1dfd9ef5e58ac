import { own } from "../../api/own";
import type { Connection } from "../../api/transport";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { lambdadCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { count } from "../../parts/format";
import type { Redriven } from "./types";

/** What is asked before it is done. */
export type Risky = "purge" | "redrive";

/** Remove what waits in a queue, or queue its dead letters again, after the question. */
export function SteerQueue({ what, name, events, onClose, onDone }: { what: Risky; name: string; events: number; onClose: () => void; onDone: () => void }) {
  const { connection, region } = useSession();
  const { busy, run, failure } = useAction("here");
  const act = async () => {
    const words = { doing: `${what === "purge" ? "Purging the queue" : "Redriving dead letters"} of ${name}`, done: "" };
    const work = async () => {
      words.done = what === "purge" ? await purged(connection, name) : await redriven(connection, name);
    };
    if (!(await run(words, work))) return;
    onDone();
    onClose();
  };
  const shown = { busy, failure, onCancel: onClose, onDelete: () => void act(), command: lambdadCommand(["queue", what, name], { region }) };
  return what === "purge" ? (
    <ConfirmDelete {...shown} what={`${count(events)} queued events of ${name}`} verb="Purge" word="purge">
      They end without a record: no destination and no dead-letter queue is told. Events under way go on.
    </ConfirmDelete>
  ) : (
    <ConfirmDelete {...shown} what={`dead letters of ${name}`} verb="Redrive" word={null}>
      Every message of its dead-letter queue is queued again as a new event and deleted there, those of other functions with the same queue, too.
    </ConfirmDelete>
  );
}

async function purged(connection: Connection, name: string): Promise<string> {
  const { purged: many } = await own<{ purged: number }>(connection, "POST", "queue/purge", { body: { function: name } });
  return `Events removed from the queue of ${name}: ${count(many)}.`;
}

/** Until there is no more, as the command does it. */
async function redriven(connection: Connection, name: string): Promise<string> {
  let [queued, left] = [0, 0];
  for (;;) {
    const said = await own<Redriven>(connection, "POST", "queue/redrive", { body: { function: name } });
    queued += said.queued;
    left += said.left;
    if (!said.more) return `Dead letters of ${name} queued again: ${count(queued)}; left where they are: ${count(left)}.`;
  }
}
