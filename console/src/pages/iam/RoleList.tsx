import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { TableProps } from "@cloudscape-design/components/table";
import { useLocation } from "wouter";
import { listRoles, type Role } from "../../api/iam";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { ago, moment } from "../../parts/format";
import { FoundTable } from "../../parts/FoundTable";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";

const COLUMNS: TableProps.ColumnDefinition<Role>[] = [
  { id: "name", header: "Role", cell: (role) => <PageLink to={`/iam/roles/${encodeURIComponent(role.name)}`}>{role.name}</PageLink>, isRowHeader: true },
  { id: "description", header: "Description", cell: (role) => role.description || "–" },
  { id: "used", header: "Last used", cell: (role) => ago(role.lastUsed) },
  { id: "created", header: "Created", cell: (role) => moment(role.created) },
];

/** Every role of the account. */
export default function RoleList() {
  const { connection, identity } = useSession();
  const [, navigate] = useLocation();
  const load = useLoad(() => listRoles(connection), identity.account);
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="What functions and services may do." actions={<Button variant="primary" onClick={() => { navigate("/iam/roles/create"); }}>Create role</Button>}>
        Roles
      </Header>
      <AsyncPanel load={load} what="The roles could not be read">
        {(roles) => (
          <FoundTable
            items={roles}
            trackBy="arn"
            wordsOf={({ name, description }) => `${name} ${description}`}
            what="roles"
            none="There are no roles yet."
            header={<Header variant="h2" counter={`(${roles.length})`}>Roles</Header>}
            columnDefinitions={COLUMNS}
          />
        )}
      </AsyncPanel>
    </SpaceBetween>
  );
}
