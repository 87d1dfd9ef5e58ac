import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { lambda, type Mapping } from "../../../../api/lambda";
import { useAction } from "../../../../app/flash";
import { useSession } from "../../../../app/session";
import { EditTrigger, RemoveTrigger } from "./EditTrigger";
import { MAPPINGS, nameOf } from "./sources";

/** Queues and streams that are read for the function. */
export function Mappings({ mappings, changed }: { mappings: readonly Mapping[]; changed: () => void }) {
  const { connection } = useSession();
  const { busy, run } = useAction();
  const [edited, setEdited] = useState<Mapping | null>(null);
  const [doomed, setDoomed] = useState<Mapping | null>(null);
  const turn = async (mapping: Mapping, isOn: boolean) => {
    const words = { doing: "Changing the trigger", done: `The trigger is being ${isOn ? "enabled" : "disabled"}.` };
    if (await run(words, () => lambda(connection, "PUT", MAPPINGS + mapping.UUID, { body: { Enabled: isOn } }))) changed();
  };
  return (
    <>
      <Table
        variant="embedded"
        items={mappings}
        trackBy="UUID"
        wrapLines
        header={<Header variant="h3" counter={`(${mappings.length})`} description="Read by event source mappings.">Queues and streams</Header>}
        empty={<Box textAlign="center">No queue or stream is read for it.</Box>}
        columnDefinitions={[
          { id: "source", header: "Source", cell: nameOf, isRowHeader: true },
          { id: "state", header: "State", cell: (one) => (isTold(one) ? `${one.State}: ${one.StateTransitionReason ?? ""}` : one.State) },
          { id: "result", header: "Last result", cell: (one) => one.LastProcessingResult ?? "–" },
          { id: "batch", header: "Batch size", cell: (one) => one.BatchSize ?? "–" },
          {
            id: "actions",
            header: "Actions",
            minWidth: 280,
            cell: (one) => (
              <SpaceBetween direction="horizontal" size="xs">
                <Button wrapText={false} loading={busy} ariaLabel={`${isOff(one) ? "Enable" : "Disable"} ${nameOf(one)}`} onClick={() => void turn(one, isOff(one))}>{isOff(one) ? "Enable" : "Disable"}</Button>
                <Button wrapText={false} ariaLabel={`Edit ${nameOf(one)}`} onClick={() => { setEdited(one); }}>Edit</Button>
                <Button wrapText={false} ariaLabel={`Remove ${nameOf(one)}`} onClick={() => { setDoomed(one); }}>Remove</Button>
              </SpaceBetween>
            ),
          },
        ]}
      />
      {edited && <EditTrigger mapping={edited} changed={changed} onClose={() => { setEdited(null); }} />}
      {doomed && <RemoveTrigger mapping={doomed} changed={changed} onClose={() => { setDoomed(null); }} />}
    </>
  );
}

const isOff = ({ State }: Mapping) => State === "Disabled" || State === "Disabling";

/** Reasons of AWS that say nothing but that somebody wanted it. */
const PLAIN = new Set(["USER_INITIATED", "User action"]);
const isTold = ({ StateTransitionReason: reason }: Mapping) => reason !== undefined && !PLAIN.has(reason);
