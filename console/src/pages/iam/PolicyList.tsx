import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { useLocation } from "wouter";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";
import { policiesOf } from "./policies";

const ROWS = 25;

/** AWS's policies and those of the account. */
export default function PolicyList() {
  const { connection, identity } = useSession();
  const [, navigate] = useLocation();
  const [words, setWords] = useState("");
  const [page, setPage] = useState(1);
  const load = useLoad(() => policiesOf(connection), identity.account);
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="AWS's policies that lambdad knows, and those of this account." actions={<Button variant="primary" onClick={() => { navigate("/iam/policies/create"); }}>Create policy</Button>}>Policies</Header>
      <AsyncPanel load={load} what="The policies could not be read">
        {(policies) => {
          const found = policies.filter(({ name }) => name.toLowerCase().includes(words.toLowerCase()));
          const pages = Math.max(1, Math.ceil(found.length / ROWS));
          const current = Math.min(page, pages);
          return (
            <Table
              items={found.slice((current - 1) * ROWS, current * ROWS)}
              trackBy="arn"
              header={<Header variant="h2" counter={`(${found.length})`}>Policies</Header>}
              filter={<TextFilter filteringText={words} filteringAriaLabel="Find policies" filteringPlaceholder="Part of a name" onChange={({ detail }) => { setWords(detail.filteringText); }} />}
              pagination={<Pagination currentPageIndex={current} pagesCount={pages} onChange={({ detail }) => { setPage(detail.currentPageIndex); }} />}
              empty={<Box textAlign="center">No policy has such a name.</Box>}
              columnDefinitions={[
                { id: "name", header: "Policy", cell: (one) => <PageLink to={`/iam/policies/${encodeURIComponent(one.arn)}`}>{one.name}</PageLink>, isRowHeader: true },
                { id: "kind", header: "Kind", cell: (one) => (one.arn.includes(":iam::aws:") ? "AWS managed" : "Customer managed") },
                { id: "arn", header: "ARN", cell: (one) => one.arn },
              ]}
            />
          );
        }}
      </AsyncPanel>
    </SpaceBetween>
  );
}
