import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { attachedPolicies, iam, inlinePolicies } from "../../api/iam";
import { textOf } from "../../api/query";
import type { Connection } from "../../api/transport";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { useLoad } from "../../parts/useLoad";
import { PolicyEditor } from "./PolicyEditor";
import { EXAMPLE, policiesOf } from "./policies";

async function documentOf(connection: Connection, role: string, policy: string): Promise<string> {
  const found = await iam(connection, "GetRolePolicy", { RoleName: role, PolicyName: policy });
  return JSON.stringify(JSON.parse(decodeURIComponent(textOf(found, "PolicyDocument"))), null, 2);
}

/** The policies of a role: attached ones, and its own. */
export function RolePermissions({ role }: { role: string }) {
  const { connection } = useSession();
  const { busy, run } = useAction();
  const attached = useLoad(() => attachedPolicies(connection, role), role);
  const inline = useLoad(() => inlinePolicies(connection, role), role);
  const known = useLoad(() => policiesOf(connection), "policies");
  const [arn, setArn] = useState("");
  const [shown, setShown] = useState<{ name: string; text: string } | null>(null);
  const options = (known.value ?? []).map((one) => ({ value: one.arn, label: one.name, description: one.arn }));
  const done = () => {
    attached.reload();
    inline.reload();
  };
  const act = async (doing: string, finished: string, operation: string, params: Record<string, unknown>) => {
    if (await run({ doing, done: finished }, () => iam(connection, operation, { RoleName: role, ...params }))) done();
  };
  const open = async (name: string) => {
    setShown(null);
    await run({ doing: `Reading ${name}`, done: `${name} is shown below.` }, async () => {
      setShown({ name, text: await documentOf(connection, role, name) });
    });
  };
  return (
    <SpaceBetween size="l">
      <AsyncPanel load={attached} what="The attached policies could not be read">
        {(policies) => (
          <Table
            items={policies}
            trackBy="arn"
            header={<Header variant="h2" counter={`(${policies.length})`}>Attached policies</Header>}
            empty={<Box textAlign="center">None is attached.</Box>}
            columnDefinitions={[
              { id: "name", header: "Policy", cell: (one) => one.name, isRowHeader: true },
              { id: "arn", header: "ARN", cell: (one) => one.arn },
              { id: "actions", header: "Actions", cell: (one) => <Button loading={busy} ariaLabel={`Detach ${one.name}`} onClick={() => void act(`Detaching ${one.name}`, `${one.name} is detached.`, "DetachRolePolicy", { PolicyArn: one.arn })}>Detach</Button> },
            ]}
            footer={
              <SpaceBetween size="s">
                <SpaceBetween direction="horizontal" size="s" alignItems="end">
                  <FormField label="Policy to attach">
                    <Select selectedOption={options.find(({ value }) => value === arn) ?? null} options={options} filteringType="auto" placeholder="Choose a policy" statusType={known.value ? "finished" : "loading"} onChange={({ detail }) => { setArn(detail.selectedOption.value ?? ""); }} />
                  </FormField>
                  <Button disabled={!arn} loading={busy} onClick={() => void act("Attaching the policy", "The policy is attached.", "AttachRolePolicy", { PolicyArn: arn })}>Attach</Button>
                </SpaceBetween>
                <CliCommand command={awsCommand("iam attach-role-policy", { "role-name": role, "policy-arn": arn || "ARN" })} />
              </SpaceBetween>
            }
          />
        )}
      </AsyncPanel>
      <AsyncPanel load={inline} what="The inline policies could not be read">
        {(names) => (
          <Table
            items={names.map((name) => ({ name }))}
            trackBy="name"
            header={<Header variant="h2" counter={`(${names.length})`} actions={<Button onClick={() => { setShown({ name: "", text: EXAMPLE }); }}>New inline policy</Button>}>Inline policies</Header>}
            empty={<Box textAlign="center">It has none of its own.</Box>}
            columnDefinitions={[
              { id: "name", header: "Policy", cell: (one) => one.name, isRowHeader: true },
              {
                id: "actions",
                header: "Actions",
                cell: (one) => (
                  <SpaceBetween direction="horizontal" size="xs">
                    <Button ariaLabel={`Edit ${one.name}`} onClick={() => void open(one.name)}>Edit</Button>
                    <Button loading={busy} ariaLabel={`Delete ${one.name}`} onClick={() => void act(`Deleting ${one.name}`, `${one.name} is deleted.`, "DeleteRolePolicy", { PolicyName: one.name })}>Delete</Button>
                  </SpaceBetween>
                ),
              },
            ]}
          />
        )}
      </AsyncPanel>
      {shown && (
        <Container header={<Header variant="h2">{shown.name || "New inline policy"}</Header>}>
          <SpaceBetween size="s">
            <FormField label="Policy name"><Input value={shown.name} spellcheck={false} onChange={({ detail }) => { setShown({ ...shown, name: detail.value.trim() }); }} /></FormField>
            <PolicyEditor
              key={shown.text}
              label="Policy in JSON"
              text={shown.text}
              kind="identity"
              busy={busy}
              onSave={(text) => void act(`Saving ${shown.name}`, `${shown.name} is saved.`, "PutRolePolicy", { PolicyName: shown.name, PolicyDocument: text })}
            />
          </SpaceBetween>
        </Container>
      )}
    </SpaceBetween>
  );
}
