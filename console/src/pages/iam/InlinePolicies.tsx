import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { iam, inlinePolicies } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { useLoad } from "../../parts/useLoad";
import { InlinePolicy } from "./InlinePolicy";

/** Policies that are part of a role, and go with it. */
export function InlinePolicies({ role }: { role: string }) {
  const { connection } = useSession();
  const { busy, run, failure } = useAction("here");
  const inline = useLoad(() => inlinePolicies(connection, role), role);
  /** Its name; empty for one to be made. */
  const [shown, setShown] = useState<string | null>(null);
  const [doomed, setDoomed] = useState<string | null>(null);
  const remove = async (name: string) => {
    const words = { doing: `Deleting ${name}`, done: `${name} is deleted.` };
    if (!(await run(words, () => iam(connection, "DeleteRolePolicy", { RoleName: role, PolicyName: name })))) return;
    setDoomed(null);
    setShown(null);
    inline.reload();
  };
  return (
    <>
      <AsyncPanel load={inline} what="The inline policies could not be read">
        {(names) => (
          <Table
            items={names.map((name) => ({ name }))}
            trackBy="name"
            header={<Header variant="h2" counter={`(${names.length})`} actions={<Button onClick={() => { setShown(""); }}>New inline policy</Button>}>Inline policies</Header>}
            empty={<Box textAlign="center">It has none of its own.</Box>}
            columnDefinitions={[
              { id: "name", header: "Policy", cell: (one) => one.name, isRowHeader: true },
              {
                id: "actions",
                header: "Actions",
                cell: (one) => (
                  <SpaceBetween direction="horizontal" size="xs">
                    <Button ariaLabel={`Edit ${one.name}`} onClick={() => { setShown(one.name); }}>Edit</Button>
                    <Button ariaLabel={`Delete ${one.name}`} onClick={() => { setDoomed(one.name); }}>Delete</Button>
                  </SpaceBetween>
                ),
              },
            ]}
          />
        )}
      </AsyncPanel>
      {shown !== null && (
        <InlinePolicy
          key={shown}
          role={role}
          name={shown}
          onClose={() => { setShown(null); }}
          onSaved={(name) => {
            setShown(name);
            inline.reload();
          }}
        />
      )}
      {doomed !== null && (
        <ConfirmDelete
          what={`the inline policy ${doomed}`}
          word={null}
          command={awsCommand("iam delete-role-policy", { "role-name": role, "policy-name": doomed })}
          busy={busy}
          failure={failure}
          onCancel={() => { setDoomed(null); }}
          onDelete={() => void remove(doomed)}
        >
          Whoever has the role loses at once what only this policy allows. What it says cannot be brought back.
        </ConfirmDelete>
      )}
    </>
  );
}
