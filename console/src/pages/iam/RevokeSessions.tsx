import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { iam } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { REVOCATION, revocation } from "./policies";

/** Ends what sessions that are there now may do. */
export function RevokeSessions({ role }: { role: string }) {
  const { connection } = useSession();
  const { busy, run } = useAction();
  const [asks, setAsks] = useState(false);
  const revoke = async () => {
    const document = revocation(new Date());
    const words = { doing: "Revoking sessions", done: "Sessions that began before now may do nothing any more." };
    await run(words, () => iam(connection, "PutRolePolicy", { RoleName: role, PolicyName: REVOCATION, PolicyDocument: document }));
    setAsks(false);
  };
  return (
    <Container header={<Header variant="h2">Revoke active sessions</Header>}>
      <SpaceBetween size="m">
        <Box>
          Puts the inline policy {REVOCATION}, which denies everything to sessions that began before now. Whoever takes the role again is not
          concerned; functions get new sessions with their next environments. Delete the policy under Permissions to undo it.
        </Box>
        <Button onClick={() => { setAsks(true); }}>Revoke active sessions</Button>
        <CliCommand command={awsCommand("iam put-role-policy", { "role-name": role, "policy-name": REVOCATION, "policy-document": revocation(new Date()) })} />
      </SpaceBetween>
      {asks && (
        <Modal
          visible
          header={`Revoke the sessions of ${role}?`}
          onDismiss={() => { setAsks(false); }}
          footer={
            <Box float="right">
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="link" onClick={() => { setAsks(false); }}>Cancel</Button>
                <Button variant="primary" loading={busy} onClick={() => void revoke()}>Revoke</Button>
              </SpaceBetween>
            </Box>
          }
        >
          Running functions of this role lose its permissions until they have new environments.
        </Modal>
      )}
    </Container>
  );
}
