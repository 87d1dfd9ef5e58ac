import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lambda, pathOf } from "../../../api/lambda";
import { orNothing } from "../../../api/transport";
import { useSession } from "../../../app/session";
import { AsyncPanel } from "../../../parts/AsyncPanel";
import { pretty, Printed } from "../../../parts/Printed";
import { useLoad } from "../../../parts/useLoad";
import type { TabProps } from "../tabs";

/** The role the function acts with, and who may call it. */
export function Permissions({ name, details }: TabProps) {
  const { connection, region } = useSession();
  const policy = useLoad(async () => {
    const found = await orNothing(lambda<{ Policy: string }>(connection, "GET", pathOf(name, "/policy")));
    return found?.Policy ?? "";
  }, `${region} ${name} ${details.Configuration.RevisionId}`);
  return (
    <Container header={<Header variant="h2">Permissions</Header>}>
      <SpaceBetween size="m">
        <div>
          <Box variant="awsui-key-label">Execution role</Box>
          <Box>{details.Configuration.Role}</Box>
        </div>
        <div>
          <Box variant="awsui-key-label">Resource policy</Box>
          <AsyncPanel load={policy} what="The resource policy could not be read">
            {(text) => (text ? <Printed text={pretty(text)} label="Resource policy" /> : <Box>None: only callers of this account whose policies allow it may call.</Box>)}
          </AsyncPanel>
        </div>
      </SpaceBetween>
    </Container>
  );
}
