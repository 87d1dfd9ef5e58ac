import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type FormEvent, useState } from "react";
import type { ApiError } from "../api/transport";
import { useSignIn } from "./session";

/** Asks for an access key; shown when the server lets nobody in without. */
export function SignInPage() {
  const { signIn, problem, retry } = useSignIn();
  const [accessKeyId, setKey] = useState("");
  const [secretAccessKey, setSecret] = useState("");
  const [sessionToken, setToken] = useState("");
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const shown = failure ?? problem;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await signIn({
        accessKeyId: accessKeyId.trim(),
        secretAccessKey: secretAccessKey.trim(),
        ...(sessionToken.trim() ? { sessionToken: sessionToken.trim() } : {}),
      });
    } catch (error) {
      setFailure(error as ApiError);
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <Box padding={{ vertical: "xxxl", horizontal: "l" }}>
        <form onSubmit={(event) => void submit(event)}>
          <Form
            actions={
              <Button variant="primary" formAction="submit" loading={busy} disabled={!accessKeyId || !secretAccessKey}>
                Sign in
              </Button>
            }
          >
            <Container header={<Header variant="h1" description="with an access key of this server">Sign in to lambdad</Header>}>
              <SpaceBetween size="l">
                {shown && (
                  <Alert
                    type={shown.isUnreachable ? "error" : "warning"}
                    header={shown.isUnreachable ? "The server does not answer" : "Not signed in"}
                    action={shown.isUnreachable ? <Button onClick={retry}>Try again</Button> : undefined}
                  >
                    {shown.message}
                  </Alert>
                )}
                <FormField label="Access key ID">
                  <Input value={accessKeyId} onChange={({ detail }) => { setKey(detail.value); }} autoComplete="username" spellcheck={false} />
                </FormField>
                <FormField label="Secret access key">
                  <Input value={secretAccessKey} onChange={({ detail }) => { setSecret(detail.value); }} type="password" autoComplete="current-password" />
                </FormField>
                <FormField label="Session token" description="Only with temporary credentials." constraintText="Kept in this tab until it is closed or you sign out.">
                  <Input value={sessionToken} onChange={({ detail }) => { setToken(detail.value); }} type="password" autoComplete="off" />
                </FormField>
              </SpaceBetween>
            </Container>
          </Form>
        </form>
      </Box>
    </main>
  );
}
