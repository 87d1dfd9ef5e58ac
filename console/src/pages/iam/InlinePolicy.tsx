import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { iam } from "../../api/iam";
import { textOf } from "../../api/query";
import type { Connection } from "../../api/transport";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { pretty } from "../../parts/Printed";
import { useLoad } from "../../parts/useLoad";
import { EXAMPLE, nameProblem } from "./policies";
import { PolicyEditor } from "./PolicyEditor";

async function documentOf(connection: Connection, role: string, name: string): Promise<string> {
  if (!name) return EXAMPLE;
  const found = await iam(connection, "GetRolePolicy", { RoleName: role, PolicyName: name });
  return pretty(decodeURIComponent(textOf(found, "PolicyDocument")));
}

/** An inline policy of a role: one that is there, or, without a name, one to be made. */
export function InlinePolicy({ role, name: given, onClose, onSaved }: { role: string; name: string; onClose: () => void; onSaved: (name: string) => void }) {
  const { connection } = useSession();
  const { busy, run } = useAction();
  const load = useLoad(() => documentOf(connection, role, given), `${role} ${given}`);
  const [name, setName] = useState(given);
  const problem = name ? nameProblem(name) : null;
  const save = async (text: string) => {
    const words = { doing: `Saving ${name}`, done: `${name} is saved.` };
    if (await run(words, () => iam(connection, "PutRolePolicy", { RoleName: role, PolicyName: name, PolicyDocument: text }))) onSaved(name);
  };
  return (
    <Container header={<Header variant="h2" description="Holds for this role alone, from the moment it is saved." actions={<Button variant="link" onClick={onClose}>Close</Button>}>{given || "New inline policy"}</Header>}>
      <SpaceBetween size="s">
        <FormField label="Policy name" constraintText="Letters, digits and +=,.@-_; at most 128" errorText={problem}>
          <Input value={name} readOnly={given !== ""} spellcheck={false} onChange={({ detail }) => { setName(detail.value.trim()); }} />
        </FormField>
        <AsyncPanel load={load} what="The document could not be read">
          {(text) => <PolicyEditor key={text} label="Policy in JSON" text={text} kind="identity" busy={busy} disabled={!name || problem !== null} onSave={(next) => void save(next)} />}
        </AsyncPanel>
        <CliCommand command={awsCommand("iam put-role-policy", { "role-name": role, "policy-name": name || "NAME", "policy-document": "file://policy.json" })} />
      </SpaceBetween>
    </Container>
  );
}
