import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { attachedPolicies, type PolicyRef } from "../../api/iam";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";
import { Attach } from "./Attach";
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
  const { value, error } = useLoad(() => policiesOf(connection), identity.account);
  const others = value?.filter((one) => !attached.some((other) => other.arn === one.arn));
  return (
    <Attach
      label="Policy to attach"
      placeholder="Choose a policy"
      choices={{ value: others?.map((one) => ({ value: one.arn, label: one.name, description: one.arn })), error }}
      words={() => ({ doing: "Attaching the policy", done: "The policy is attached; what it allows holds from now on." })}
      pair={(arn) => ({ role, arn })}
      unnamed="ARN"
      onDone={onDone}
    />
  );
}
