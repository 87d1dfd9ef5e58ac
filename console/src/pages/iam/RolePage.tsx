import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import { useLocation, useParams, useRouter } from "wouter";
import { attachedPolicies, getRole, iam, inlinePolicies } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel, Problem } from "../../parts/AsyncPanel";
import { awsCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";
import { LastAccessed } from "./LastAccessed";
import { RolePermissions } from "./RolePermissions";
import { RevokeSessions } from "./RevokeSessions";
import { RoleSummary } from "./RoleSummary";
import { RoleTags } from "./RoleTags";
import { RoleTrust } from "./RoleTrust";

/** One role: what it is, what it may do, who may take it, and when it was used. */
export default function RolePage() {
  const { name: given = "" } = useParams();
  const name = decodeURIComponent(given);
  const { connection, identity } = useSession();
  const { base } = useRouter();
  const [, navigate] = useLocation();
  const { busy, run } = useAction();
  const [isDoomed, setDoomed] = useState(false);
  const [tab, setTab] = useState("permissions");
  const load = useLoad(() => getRole(connection, name), `${identity.account} ${name}`);

  const remove = async () => {
    const done = await run({ doing: `Deleting role ${name}`, done: `Role ${name} is deleted.` }, async () => {
      for (const { arn } of await attachedPolicies(connection, name)) await iam(connection, "DetachRolePolicy", { RoleName: name, PolicyArn: arn });
      for (const policy of await inlinePolicies(connection, name)) await iam(connection, "DeleteRolePolicy", { RoleName: name, PolicyName: policy });
      await iam(connection, "DeleteRole", { RoleName: name });
    });
    setDoomed(false);
    if (done) navigate("/iam/roles");
  };
  return (
    <SpaceBetween size="l">
      <BreadcrumbGroup
        ariaLabel="Where this page is"
        items={[{ text: "Roles", href: `${base}/iam/roles` }, { text: name, href: `${base}/iam/roles/${given}` }]}
        onFollow={(event) => {
          event.preventDefault();
          navigate(event.detail.href.slice(base.length));
        }}
      />
      <Header
        variant="h1"
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            {load.value && <Button onClick={() => { navigate(`/iam/why?principal=${encodeURIComponent(load.value?.arn ?? "")}`); }}>Why allowed or denied</Button>}
            <Button onClick={() => { setDoomed(true); }}>Delete</Button>
          </SpaceBetween>
        }
      >
        {name}
      </Header>
      {load.error?.isMissing ? (
        <SpaceBetween size="m">
          <Problem error={load.error} onRetry={load.reload} what="There is no such role any more" />
          <PageLink to="/iam/roles">To the list of roles</PageLink>
        </SpaceBetween>
      ) : (
        <AsyncPanel load={load} what="The role could not be read">
          {(role) => (
            <SpaceBetween size="l">
              <RoleSummary role={role} onChange={load.reload} />
              <Tabs
                activeTabId={tab}
                onChange={({ detail }) => { setTab(detail.activeTabId); }}
                tabs={[
                  { id: "permissions", label: "Permissions", content: <RolePermissions role={name} /> },
                  { id: "trust", label: "Trust relationships", content: <RoleTrust role={role} onSaved={load.reload} /> },
                  { id: "tags", label: "Tags", content: <RoleTags role={name} /> },
                  { id: "accessed", label: "Last accessed", content: <LastAccessed arn={role.arn} /> },
                  { id: "revoke", label: "Revoke sessions", content: <RevokeSessions role={name} /> },
                ]}
              />
            </SpaceBetween>
          )}
        </AsyncPanel>
      )}
      {isDoomed && (
        <ConfirmDelete
          what={`role ${name}`}
          command={awsCommand("iam delete-role", { "role-name": name })}
          busy={busy}
          onCancel={() => { setDoomed(false); }}
          onDelete={() => void remove()}
        >
          Its policies are detached, its inline policies deleted. Functions that have it can do nothing any more.
        </ConfirmDelete>
      )}
    </SpaceBetween>
  );
}
