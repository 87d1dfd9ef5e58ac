import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { TableProps } from "@cloudscape-design/components/table";
import { useLocation } from "wouter";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { count } from "../../parts/format";
import { FoundTable } from "../../parts/FoundTable";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";
import { isOfAws, policiesOf, type Policy } from "./policies";

const COLUMNS: TableProps.ColumnDefinition<Policy>[] = [
  { id: "name", header: "Policy", cell: (one) => <PageLink to={`/iam/policies/${encodeURIComponent(one.arn)}`}>{one.name}</PageLink>, isRowHeader: true },
  { id: "kind", header: "Kind", cell: (one) => (isOfAws(one.arn) ? "AWS managed" : "Customer managed") },
  { id: "attached", header: "Attached to", cell: (one) => count(one.attachments) },
  { id: "arn", header: "ARN", cell: (one) => one.arn },
];

/** AWS's policies and those of the account. */
export default function PolicyList() {
  const { connection, identity } = useSession();
  const [, navigate] = useLocation();
  const load = useLoad(() => policiesOf(connection), identity.account);
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="AWS's policies that lambdad knows, and those of this account." actions={<Button variant="primary" onClick={() => { navigate("/iam/policies/create"); }}>Create policy</Button>}>Policies</Header>
      <AsyncPanel load={load} what="The policies could not be read">
        {(policies) => (
          <FoundTable
            items={policies}
            trackBy="arn"
            wordsOf={({ name }) => name}
            what="policies"
            header={<Header variant="h2" counter={`(${policies.length})`}>Policies</Header>}
            columnDefinitions={COLUMNS}
          />
        )}
      </AsyncPanel>
    </SpaceBetween>
  );
}
