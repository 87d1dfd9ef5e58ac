import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { lambda, pathOf } from "../../../../api/lambda";
import { orNothing } from "../../../../api/transport";
import { useSession } from "../../../../app/session";
import { AsyncPanel } from "../../../../parts/AsyncPanel";
import { PageLink } from "../../../../parts/PageLink";
import { useLoad } from "../../../../parts/useLoad";
import type { TabProps } from "../../tabs";
import { qualified, QualifierChoice } from "../QualifierChoice";
import { StatementTable } from "./StatementTable";

/** The role the function acts with, and who may call it, a version or an alias of it. */
export function Permissions({ name, details, reload }: TabProps) {
  const { connection, region } = useSession();
  const [qualifier, setQualifier] = useState("");
  const { Role: role, RevisionId: revision } = details.Configuration;
  const policy = useLoad(async () => {
    const found = await orNothing(lambda<{ Policy: string }>(connection, "GET", pathOf(name, "/policy"), { query: qualified(qualifier) }));
    return found?.Policy ?? "";
  }, `${region} ${name} ${qualifier} ${revision}`);
  const changed = () => {
    policy.reload();
    reload();
  };
  return (
    <Container header={<Header variant="h2" description="What the function may do, and who may call it.">Permissions</Header>}>
      <SpaceBetween size="m">
        <div>
          <Box variant="awsui-key-label">Execution role</Box>
          <PageLink to={`/iam/roles/${encodeURIComponent(role.split("/").at(-1) ?? role)}`}>{role}</PageLink>
        </div>
        <QualifierChoice name={name} of="Resource policy" value={qualifier} set={setQualifier} />
        <AsyncPanel load={policy} what="The resource policy could not be read">
          {(text) => <StatementTable name={name} qualifier={qualifier} policy={text} changed={changed} />}
        </AsyncPanel>
      </SpaceBetween>
    </Container>
  );
}
