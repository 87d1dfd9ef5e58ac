import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { ApiError } from "../../../../api/transport";
import { useAction } from "../../../../app/flash";
import { useSession } from "../../../../app/session";
import { awsCommand } from "../../../../parts/CliCommand";
import { ConfirmDelete } from "../../../../parts/ConfirmDelete";
import { type Statement, sourcesOf, statementsOf } from "../../around";
import { type Owner, removeStatement } from "../permissions/adding";
import { callerOf, type Target } from "./callers/kinds";

export interface Caller {
  id: string;
  principal: string;
  sources: string[];
}

/** The services that a policy lets in. */
export const callersIn = (policy: string): Caller[] => statementsOf(policy).flatMap(callersOf);

function callersOf({ Sid = "", ...statement }: Statement): Caller[] {
  if (statement.Effect !== "Allow" || typeof statement.Principal !== "object") return [];
  return [statement.Principal["Service"] ?? []].flat().map((principal) => ({ id: Sid, principal, sources: sourcesOf(statement) }));
}

interface Props {
  owner: Owner;
  target: Target;
  changed: () => void;
}

/** Buckets, topics, rules and other services that may call the function. */
export function Callers({ callers, ...props }: Props & { callers: readonly Caller[] }) {
  const [doomed, setDoomed] = useState<Caller | null>(null);
  return (
    <>
      <Table
        variant="embedded"
        items={callers}
        wrapLines
        header={<Header variant="h3" counter={`(${callers.length})`} description="Call it themselves; the resource policy lets them.">Services</Header>}
        empty={<Box textAlign="center">No service may call it.</Box>}
        columnDefinitions={[
          { id: "source", header: "Source", cell: ({ sources }) => sources.join(", ") || "Any", isRowHeader: true },
          { id: "service", header: "Service", cell: ({ principal }) => callerOf(principal)?.label ?? principal },
          { id: "statement", header: "Statement ID", cell: ({ id }) => id || "–" },
          {
            id: "actions",
            header: "Actions",
            minWidth: 120,
            cell: (one) => <Button wrapText={false} disabled={!one.id} ariaLabel={`Remove trigger ${one.id}`} onClick={() => { setDoomed(one); }}>Remove</Button>,
          },
        ]}
      />
      {doomed && <RemoveCaller {...props} caller={doomed} onClose={() => { setDoomed(null); }} />}
    </>
  );
}

function RemoveCaller({ owner, target, caller, changed, onClose }: Props & { caller: Caller; onClose: () => void }) {
  const { connection, region } = useSession();
  const { busy, run, failure } = useAction("here");
  const kind = callerOf(caller.principal);
  const sources = caller.sources.filter((arn) => !/[*?]/.test(arn));
  const remove = async () => {
    const done = await run({ doing: "Removing the trigger", done: "The trigger is removed." }, async () => {
      for (const arn of kind ? sources : []) await unlessGone(kind?.disconnect(connection, arn, target));
      await removeStatement(connection, owner, caller.id);
    });
    if (!done) return;
    onClose();
    changed();
  };
  return (
    <ConfirmDelete
      verb="Remove"
      what="the trigger"
      command={awsCommand("lambda remove-permission", { "function-name": owner.name, qualifier: owner.qualifier || undefined, "statement-id": caller.id, region })}
      busy={busy}
      failure={failure}
      word={null}
      onCancel={onClose}
      onDelete={() => void remove()}
    >
      {kind && sources.length > 0 && `Takes the function out of ${kind.takenFrom} (${sources.join(", ")}). `}
      Removes statement {caller.id}: {caller.principal} is refused from now on unless another statement lets it. The command below does the latter alone.
    </ConfirmDelete>
  );
}

/** What is not there any more calls nobody. */
async function unlessGone(asked: Promise<unknown> | undefined): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof ApiError && (error.isMissing || /NotFound|NoSuch/.test(error.code)))) throw error;
  }
}
