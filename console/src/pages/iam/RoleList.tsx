import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { useLocation } from "wouter";
import { listRoles } from "../../api/iam";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { ago, moment } from "../../parts/format";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";

const ROWS = 25;

/** Every role of the account. */
export default function RoleList() {
  const { connection, identity } = useSession();
  const [, navigate] = useLocation();
  const [words, setWords] = useState("");
  const [page, setPage] = useState(1);
  const load = useLoad(() => listRoles(connection), identity.account);
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="What functions and services may do." actions={<Button variant="primary" onClick={() => { navigate("/iam/roles/create"); }}>Create role</Button>}>
        Roles
      </Header>
      <AsyncPanel load={load} what="The roles could not be read">
        {(roles) => {
          const found = roles.filter(({ name }) => name.toLowerCase().includes(words.toLowerCase()));
          const pages = Math.max(1, Math.ceil(found.length / ROWS));
          const current = Math.min(page, pages);
          return (
            <Table
              items={found.slice((current - 1) * ROWS, current * ROWS)}
              trackBy="arn"
              header={<Header variant="h2" counter={`(${found.length})`}>Roles</Header>}
              filter={<TextFilter filteringText={words} filteringAriaLabel="Find roles" filteringPlaceholder="Part of a name" onChange={({ detail }) => { setWords(detail.filteringText); }} />}
              pagination={<Pagination currentPageIndex={current} pagesCount={pages} onChange={({ detail }) => { setPage(detail.currentPageIndex); }} />}
              empty={<Box textAlign="center">No role has such a name.</Box>}
              columnDefinitions={[
                { id: "name", header: "Role", cell: (role) => <PageLink to={`/iam/roles/${encodeURIComponent(role.name)}`}>{role.name}</PageLink>, isRowHeader: true },
                { id: "description", header: "Description", cell: (role) => role.description || "–" },
                { id: "used", header: "Last used", cell: (role) => ago(role.lastUsed) },
                { id: "created", header: "Created", cell: (role) => moment(role.created) },
              ]}
            />
          );
        }}
      </AsyncPanel>
    </SpaceBetween>
  );
}
