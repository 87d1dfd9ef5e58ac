import Box from "@cloudscape-design/components/box";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import { useLocation, useParams, useRouter } from "wouter";
import { attachedPolicies, getRole, iam, inlinePolicies, type Role } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel, Problem } from "../../parts/AsyncPanel";
import { awsCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { ago, moment, seconds } from "../../parts/format";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";
import { LastAccessed } from "./LastAccessed";
import { PolicyEditor } from "./PolicyEditor";
import { RolePermissions } from "./RolePermissions";
import { RoleTags } from "./RoleTags";
import { RevokeSessions } from "./RevokeSessions";

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
  const trust = async (text: string) => {
    const words = { doing: "Saving the trust policy", done: "The trust policy is saved." };
    if (await run(words, () => iam(connection, "UpdateAssumeRolePolicy", { RoleName: name, PolicyDocument: text }))) load.reload();
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
      <Header variant="h1" actions={<Button onClick={() => { setDoomed(true); }}>Delete</Button>}>{name}</Header>
      {load.error?.isMissing ? (
        <SpaceBetween size="m">
          <Problem error={load.error} onRetry={load.reload} what="There is no such role any more" />
          <PageLink to="/iam/roles">To the list of roles</PageLink>
        </SpaceBetween>
      ) : (
        <AsyncPanel load={load} what="The role could not be read">
          {(role) => (
            <SpaceBetween size="l">
              <Summary role={role} />
              <Tabs
                activeTabId={tab}
                onChange={({ detail }) => { setTab(detail.activeTabId); }}
                tabs={[
                  { id: "permissions", label: "Permissions", content: <RolePermissions role={name} /> },
                  {
                    id: "trust",
                    label: "Trust relationships",
                    content: <PolicyEditor key={role.trust} label="Who may take the role" text={spread(role.trust)} kind="trust" busy={busy} onSave={(text) => void trust(text)} />,
                  },
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

function spread(document: string): string {
  try {
    return JSON.stringify(JSON.parse(document), null, 2);
  } catch {
    return document;
  }
}

function Summary({ role }: { role: Role }) {
  return (
    <Container header={<Header variant="h2">Summary</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: "Creation date", value: moment(role.created) },
          { label: "ARN", value: <CopyToClipboard variant="inline" textToCopy={role.arn} copyButtonAriaLabel="Copy the ARN" copySuccessText="Copied" copyErrorText="Could not be copied" /> },
          { label: "Maximum session duration", value: seconds(role.maxSessionS) },
          { label: "Last used", value: <Box>{ago(role.lastUsed)}{role.lastUsedRegion ? ` in ${role.lastUsedRegion}` : ""}</Box> },
        ]}
      />
    </Container>
  );
}
