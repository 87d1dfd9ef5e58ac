import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { iam, listRoles, type PolicyRef } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";
import { DetachPolicy } from "./DetachPolicy";
import { type Holder, holdersOf } from "./policies";

/** Who has a managed policy; roles can be given it here, and lose it. */
export function PolicyHolders({ policy }: { policy: PolicyRef }) {
  const { connection } = useSession();
  const load = useLoad(() => holdersOf(connection, policy.arn), policy.arn);
  const [doomed, setDoomed] = useState<string | null>(null);
  return (
    <AsyncPanel load={load} what="Who has the policy could not be read">
      {(holders) => (
        <>
          <Table
            items={holders}
            trackBy={({ kind, name }) => `${kind} ${name}`}
            header={<Header variant="h2" counter={`(${holders.length})`}>Attached to</Header>}
            empty={<Box textAlign="center">Nobody has it: it allows and denies nothing yet.</Box>}
            columnDefinitions={[
              { id: "name", header: "Name", cell: (one) => (one.kind === "Role" ? <PageLink to={`/iam/roles/${encodeURIComponent(one.name)}`}>{one.name}</PageLink> : one.name), isRowHeader: true },
              { id: "kind", header: "Kind", cell: (one) => one.kind },
              { id: "actions", header: "Actions", cell: (one) => (one.kind === "Role" ? <Button ariaLabel={`Detach from ${one.name}`} onClick={() => { setDoomed(one.name); }}>Detach</Button> : "–") },
            ]}
            footer={<AttachToRole policy={policy} holders={holders} onDone={load.reload} />}
          />
          {doomed !== null && <DetachPolicy role={doomed} policy={policy} onClose={() => { setDoomed(null); }} onDone={load.reload} />}
        </>
      )}
    </AsyncPanel>
  );
}

function AttachToRole({ policy, holders, onDone }: { policy: PolicyRef; holders: readonly Holder[]; onDone: () => void }) {
  const { connection, identity } = useSession();
  const { busy, run } = useAction();
  const roles = useLoad(() => listRoles(connection), identity.account);
  const [role, setRole] = useState("");
  const options = (roles.value ?? [])
    .filter(({ name }) => !holders.some((one) => one.kind === "Role" && one.name === name))
    .map(({ name, description }) => ({ value: name, label: name, description }));
  const attach = async () => {
    const words = { doing: `Attaching ${policy.name}`, done: `${policy.name} is attached to ${role}; it holds from now on.` };
    if (!(await run(words, () => iam(connection, "AttachRolePolicy", { RoleName: role, PolicyArn: policy.arn })))) return;
    setRole("");
    onDone();
  };
  return (
    <SpaceBetween size="s">
      <SpaceBetween direction="horizontal" size="s" alignItems="end">
        <FormField label="Role to attach it to" {...(roles.error ? { errorText: roles.error.message } : {})}>
          <Select
            selectedOption={options.find(({ value }) => value === role) ?? null}
            options={options}
            filteringType="auto"
            placeholder="Choose a role"
            empty="There is no other role."
            statusType={roles.error ? "error" : roles.value ? "finished" : "loading"}
            onChange={({ detail }) => { setRole(detail.selectedOption.value ?? ""); }}
          />
        </FormField>
        <Button disabled={!role} loading={busy} onClick={() => void attach()}>Attach</Button>
      </SpaceBetween>
      <CliCommand command={awsCommand("iam attach-role-policy", { "role-name": role || "ROLE", "policy-arn": policy.arn })} />
    </SpaceBetween>
  );
}
