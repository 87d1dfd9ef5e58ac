import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { iam } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { awsCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { REVOCATION, revocation } from "./policies";

/** Ends what sessions that are there now may do. */
export function RevokeSessions({ role }: { role: string }) {
  const { connection } = useSession();
  const { busy, run, failure } = useAction("here");
  const [asks, setAsks] = useState(false);
  const revoke = async () => {
    const document = revocation(new Date());
    const words = { doing: "Revoking sessions", done: "Sessions that began before now may do nothing any more." };
    const done = await run(words, () => iam(connection, "PutRolePolicy", { RoleName: role, PolicyName: REVOCATION, PolicyDocument: document }));
    if (done) setAsks(false);
  };
  return (
    <Container header={<Header variant="h2">Revoke active sessions</Header>}>
      <SpaceBetween size="m">
        <Box>
          Puts the inline policy {REVOCATION}, which denies everything to sessions that began before now. Whoever takes the role again is not
          concerned; functions get new sessions with their next environments. Delete the policy under Permissions to undo it.
        </Box>
        <Button onClick={() => { setAsks(true); }}>Revoke active sessions</Button>
      </SpaceBetween>
      {asks && (
        <ConfirmDelete
          what={`the sessions of ${role}`}
          verb="Revoke"
          word={null}
          command={awsCommand("iam put-role-policy", { "role-name": role, "policy-name": REVOCATION, "policy-document": revocation(new Date()) })}
          busy={busy}
          failure={failure}
          onCancel={() => { setAsks(false); }}
          onDelete={() => void revoke()}
        >
          Running functions of this role lose its permissions until they have new environments.
        </ConfirmDelete>
      )}
    </Container>
  );
}
