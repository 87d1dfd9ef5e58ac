import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { iam, type Role } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { pretty } from "../../parts/Printed";
import { PolicyEditor } from "./PolicyEditor";

/** Who may take a role. */
export function RoleTrust({ role, onSaved }: { role: Role; onSaved: () => void }) {
  const { connection } = useSession();
  const { busy, run } = useAction();
  const save = async (text: string) => {
    const words = { doing: "Saving the trust policy", done: "The trust policy is saved." };
    if (await run(words, () => iam(connection, "UpdateAssumeRolePolicy", { RoleName: role.name, PolicyDocument: text }))) onSaved();
  };
  return (
    <SpaceBetween size="s">
      <Box>Functions can take it when it names lambda.amazonaws.com. Sessions that are there go on.</Box>
      <PolicyEditor key={role.trust} label="Who may take the role" text={pretty(role.trust)} kind="trust" busy={busy} onSave={(text) => void save(text)} />
      <CliCommand command={awsCommand("iam update-assume-role-policy", { "role-name": role.name, "policy-document": "file://trust.json" })} />
    </SpaceBetween>
  );
}
