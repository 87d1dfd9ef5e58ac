import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { listRoles, type PolicyRef } from "../../api/iam";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";
import { Attach } from "./Attach";
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
  const { value, error } = useLoad(() => listRoles(connection), identity.account);
  const others = value?.filter(({ name }) => !holders.some((one) => one.kind === "Role" && one.name === name));
  return (
    <Attach
      label="Role to attach it to"
      placeholder="Choose a role"
      empty="There is no other role."
      choices={{ value: others?.map(({ name, description }) => ({ value: name, label: name, description })), error }}
      words={(role) => ({ doing: `Attaching ${policy.name}`, done: `${policy.name} is attached to ${role}; it holds from now on.` })}
      pair={(role) => ({ role, arn: policy.arn })}
      unnamed="ROLE"
      onDone={onDone}
    />
  );
}
