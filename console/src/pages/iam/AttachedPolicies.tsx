import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { attachedPolicies, iam, type PolicyRef } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";
import { DetachPolicy } from "./DetachPolicy";
import { policiesOf } from "./policies";

/** The managed policies of a role. */
export function AttachedPolicies({ role }: { role: string }) {
  const { connection } = useSession();
  const attached = useLoad(() => attachedPolicies(connection, role), role);
  const [doomed, setDoomed] = useState<PolicyRef | null>(null);
  return (
    <AsyncPanel load={attached} what="The attached policies could not be read">
      {(policies) => (
        <>
          <Table
            items={policies}
            trackBy="arn"
            header={<Header variant="h2" counter={`(${policies.length})`}>Attached policies</Header>}
            empty={<Box textAlign="center">None is attached.</Box>}
            columnDefinitions={[
              { id: "name", header: "Policy", cell: (one) => <PageLink to={`/iam/policies/${encodeURIComponent(one.arn)}`}>{one.name}</PageLink>, isRowHeader: true },
              { id: "arn", header: "ARN", cell: (one) => one.arn },
              { id: "actions", header: "Actions", cell: (one) => <Button ariaLabel={`Detach ${one.name}`} onClick={() => { setDoomed(one); }}>Detach</Button> },
            ]}
            footer={<AttachPolicy role={role} attached={policies} onDone={attached.reload} />}
          />
          {doomed && <DetachPolicy role={role} policy={doomed} onClose={() => { setDoomed(null); }} onDone={attached.reload} />}
        </>
      )}
    </AsyncPanel>
  );
}

function AttachPolicy({ role, attached, onDone }: { role: string; attached: readonly PolicyRef[]; onDone: () => void }) {
  const { connection, identity } = useSession();
  const { busy, run } = useAction();
  const known = useLoad(() => policiesOf(connection), identity.account);
  const [arn, setArn] = useState("");
  const options = (known.value ?? [])
    .filter((one) => !attached.some((other) => other.arn === one.arn))
    .map((one) => ({ value: one.arn, label: one.name, description: one.arn }));
  const attach = async () => {
    const words = { doing: "Attaching the policy", done: "The policy is attached; what it allows holds from now on." };
    if (!(await run(words, () => iam(connection, "AttachRolePolicy", { RoleName: role, PolicyArn: arn })))) return;
    setArn("");
    onDone();
  };
  return (
    <SpaceBetween size="s">
      <SpaceBetween direction="horizontal" size="s" alignItems="end">
        <FormField label="Policy to attach" {...(known.error ? { errorText: known.error.message } : {})}>
          <Select
            selectedOption={options.find(({ value }) => value === arn) ?? null}
            options={options}
            filteringType="auto"
            placeholder="Choose a policy"
            statusType={known.error ? "error" : known.value ? "finished" : "loading"}
            onChange={({ detail }) => { setArn(detail.selectedOption.value ?? ""); }}
          />
        </FormField>
        <Button disabled={!arn} loading={busy} onClick={() => void attach()}>Attach</Button>
      </SpaceBetween>
      <CliCommand command={awsCommand("iam attach-role-policy", { "role-name": role, "policy-arn": arn || "ARN" })} />
    </SpaceBetween>
  );
}
