import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { useAction } from "../../../../app/flash";
import { useSession } from "../../../../app/session";
import { awsCommand } from "../../../../parts/CliCommand";
import { ConfirmDelete } from "../../../../parts/ConfirmDelete";
import { pretty, Printed } from "../../../../parts/Printed";
import { statementsOf } from "../../around";
import { AddStatement } from "./AddStatement";
import { removeStatement } from "./adding";
import { type Row, rowOf } from "./statements";

interface Props {
  name: string;
  qualifier: string;
  changed: () => void;
}

/** The statements of a policy, a row each. */
export function StatementTable({ policy, ...props }: Props & { policy: string }) {
  const [isAdding, setAdding] = useState(false);
  const [doomed, setDoomed] = useState<Row | null>(null);
  const rows = statementsOf(policy).map(rowOf);
  return (
    <SpaceBetween size="m">
      <Table
        variant="embedded"
        items={rows}
        wrapLines
        header={
          <Header variant="h3" counter={`(${rows.length})`} actions={<Button onClick={() => { setAdding(true); }}>Add permission</Button>}>
            Resource-based policy statements
          </Header>
        }
        empty={<Box textAlign="center">None: only callers of this account whose policies allow it may call.</Box>}
        columnDefinitions={[
          { id: "id", header: "Statement ID", cell: (row) => row.id || "–", isRowHeader: true },
          { id: "principal", header: "Principal", cell: (row) => (row.effect === "Deny" ? `Denied: ${row.principal}` : row.principal) },
          { id: "action", header: "Action", cell: (row) => row.action },
          { id: "conditions", header: "Conditions", cell: (row) => row.conditions.join("; ") || "–" },
          {
            id: "actions",
            header: "Actions",
            minWidth: 120,
            cell: (row) => <Button wrapText={false} disabled={!row.id} ariaLabel={`Remove statement ${row.id}`} onClick={() => { setDoomed(row); }}>Remove</Button>,
          },
        ]}
      />
      {policy && (
        <ExpandableSection headerText="Policy document" variant="footer">
          <Printed text={pretty(policy)} label="Resource policy" />
        </ExpandableSection>
      )}
      {isAdding && <AddStatement {...props} onClose={() => { setAdding(false); }} />}
      {doomed && <RemoveStatement {...props} row={doomed} onClose={() => { setDoomed(null); }} />}
    </SpaceBetween>
  );
}

function RemoveStatement({ name, qualifier, changed, row, onClose }: Props & { row: Row; onClose: () => void }) {
  const { connection, region } = useSession();
  const { busy, run, failure } = useAction("here");
  const remove = async () => {
    const words = { doing: "Removing the statement", done: `Statement ${row.id} is removed.` };
    const done = await run(words, () => removeStatement(connection, { name, qualifier }, row.id));
    if (!done) return;
    onClose();
    changed();
  };
  return (
    <ConfirmDelete
      verb="Remove"
      what={`statement ${row.id}`}
      command={awsCommand("lambda remove-permission", { "function-name": name, qualifier: qualifier || undefined, "statement-id": row.id, region })}
      busy={busy}
      failure={failure}
      word={null}
      onCancel={onClose}
      onDelete={() => void remove()}
    >
      {row.effect === "Deny"
        ? `${row.principal} is no longer denied ${row.action} by this policy.`
        : `${row.principal} may do ${row.action} no longer, unless something else lets them: a bucket, topic or rule that calls the function by this statement is refused from now on.`}
    </ConfirmDelete>
  );
}
