import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { iam, type PolicyRef } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { inTheWay, type Version } from "./policies";
import { PolicyEditor } from "./PolicyEditor";

/** A new version of a policy of the account, from the text of another one. */
export function EditPolicy({ policy, from, text, versions, onClose, onSaved }: {
  policy: PolicyRef;
  /** The version that it begins with. */
  from: string;
  text: string;
  versions: readonly Version[];
  onClose: () => void;
  onSaved: () => void;
}) {
  const { connection } = useSession();
  const { busy, run } = useAction();
  const [makesRoom, setMakesRoom] = useState(false);
  const oldest = inTheWay(versions);
  const save = async (next: string) => {
    const words = { doing: `Saving ${policy.name}`, done: "The new version is in effect." };
    const done = await run(words, async () => {
      if (oldest && makesRoom) await iam(connection, "DeletePolicyVersion", { PolicyArn: policy.arn, VersionId: oldest });
      await iam(connection, "CreatePolicyVersion", { PolicyArn: policy.arn, PolicyDocument: next, SetAsDefault: true });
    });
    if (done) onSaved();
  };
  const deleting = oldest && makesRoom ? `${awsCommand("iam delete-policy-version", { "policy-arn": policy.arn, "version-id": oldest })}\n` : "";
  return (
    <Container
      header={
        <Header variant="h2" description="Saved as a new version, which is in effect at once wherever the policy is attached." actions={<Button variant="link" onClick={onClose}>Cancel</Button>}>
          {`New version, from ${from}`}
        </Header>
      }
    >
      <SpaceBetween size="s">
        {oldest && (
          <Checkbox checked={makesRoom} description="A policy has five at most. What it said cannot be brought back." onChange={({ detail }) => { setMakesRoom(detail.checked); }}>
            {`Delete ${oldest}, the oldest version that is not in effect`}
          </Checkbox>
        )}
        <PolicyEditor key={from} label="Policy in JSON" text={text} kind="identity" busy={busy} onSave={(next) => void save(next)} />
        <CliCommand command={deleting + awsCommand("iam create-policy-version", { "policy-arn": policy.arn, "policy-document": "file://policy.json", "set-as-default": true })} />
      </SpaceBetween>
    </Container>
  );
}
