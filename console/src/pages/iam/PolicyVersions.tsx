import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { iam } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { moment } from "../../parts/format";
import { MOST_VERSIONS, type Version } from "./policies";

/** The versions of a policy of the account: which is in effect, and which may go. */
export function PolicyVersions({ arn, versions, onChange }: { arn: string; versions: readonly Version[]; onChange: () => void }) {
  const { connection } = useSession();
  const { busy, run } = useAction();
  const [doomed, setDoomed] = useState<string | null>(null);
  const act = async (doing: string, done: string, operation: string, id: string) => {
    if (await run({ doing, done }, () => iam(connection, operation, { PolicyArn: arn, VersionId: id }))) onChange();
    setDoomed(null);
  };
  return (
    <>
      <Table
        items={versions}
        trackBy="id"
        header={<Header variant="h2" counter={`(${versions.length}/${MOST_VERSIONS})`} description={versions.length >= MOST_VERSIONS ? "There is no room for another one: delete a version first." : "The one in effect holds wherever the policy is attached."}>Versions</Header>}
        columnDefinitions={[
          { id: "version", header: "Version", cell: (one) => one.id, isRowHeader: true },
          { id: "created", header: "Created", cell: (one) => moment(one.created) },
          { id: "effect", header: "In effect", cell: (one) => (one.isDefault ? "yes" : "no") },
          {
            id: "actions",
            header: "Actions",
            cell: (one) =>
              one.isDefault ? <Box color="text-body-secondary">–</Box> : (
                <SpaceBetween direction="horizontal" size="xs">
                  <Button loading={busy} ariaLabel={`Put into effect: ${one.id}`} onClick={() => void act(`Putting ${one.id} into effect`, `${one.id} is in effect.`, "SetDefaultPolicyVersion", one.id)}>Put into effect</Button>
                  <Button ariaLabel={`Delete ${one.id}`} onClick={() => { setDoomed(one.id); }}>Delete</Button>
                </SpaceBetween>
              ),
          },
        ]}
        footer={<CliCommand command={awsCommand("iam set-default-policy-version", { "policy-arn": arn, "version-id": versions.find(({ isDefault }) => !isDefault)?.id ?? "v1" })} />}
      />
      {doomed !== null && (
        <ConfirmDelete
          what={`version ${doomed}`}
          command={awsCommand("iam delete-policy-version", { "policy-arn": arn, "version-id": doomed })}
          busy={busy}
          onCancel={() => { setDoomed(null); }}
          onDelete={() => void act(`Deleting ${doomed}`, `Version ${doomed} is deleted.`, "DeletePolicyVersion", doomed)}
        >
          What it said cannot be brought back; the version in effect stays.
        </ConfirmDelete>
      )}
    </>
  );
}
