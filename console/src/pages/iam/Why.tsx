import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { useSearch } from "wouter";
import { own } from "../../api/own";
import { ApiError } from "../../api/transport";
import { useSession } from "../../app/session";
import { AsyncPanel, Problem } from "../../parts/AsyncPanel";
import { CliCommand, lambdadCommand } from "../../parts/CliCommand";
import { moment } from "../../parts/format";
import { Printed } from "../../parts/Printed";
import { useLoad } from "../../parts/useLoad";

interface Explained {
  allowed: boolean;
  because: string;
  statement: unknown;
  near: string[];
  missing_keys: string[];
}

interface Denial {
  at_s: number;
  principal: string;
  action: string;
  resource: string;
  request_id: string;
  because: string;
}

/** Whether somebody may do something, and why; and what was refused lately. */
export default function Why() {
  const { connection } = useSession();
  const [principal, setPrincipal] = useState(new URLSearchParams(useSearch()).get("principal") ?? "");
  const [action, setAction] = useState("lambda:InvokeFunction");
  const [resource, setResource] = useState("");
  const [said, setSaid] = useState<Explained | null>(null);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const denials = useLoad(() => own<{ denials: Denial[] }>(connection, "GET", "auth/denials"), "denials", 10_000);
  const ask = async (body = { principal: principal.trim(), action: action.trim(), resource: resource.trim() || "*" }) => {
    try {
      setSaid(await own<Explained>(connection, "POST", "auth/explain", { body }));
      setFailure(null);
    } catch (error) {
      setSaid(null);
      setFailure(error as ApiError);
    }
  };
  const again = (one: Denial) => {
    setPrincipal(one.principal);
    setAction(one.action);
    setResource(one.resource);
    void ask({ principal: one.principal, action: one.action, resource: one.resource || "*" });
  };
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="Asks the server as it would decide now. Beyond AWS.">Why allowed or denied</Header>
      <Container header={<Header variant="h2">A question</Header>}>
        <SpaceBetween size="m">
          <FormField label="Who" constraintText="ARN of a role or user, or a service like s3.amazonaws.com"><Input value={principal} spellcheck={false} onChange={({ detail }) => { setPrincipal(detail.value); }} /></FormField>
          <FormField label="Does what"><Input value={action} spellcheck={false} onChange={({ detail }) => { setAction(detail.value); }} /></FormField>
          <FormField label="On what" constraintText="ARN; * for any"><Input value={resource} spellcheck={false} onChange={({ detail }) => { setResource(detail.value); }} /></FormField>
          <Button variant="primary" disabled={!principal.trim() || !action.trim()} onClick={() => void ask()}>Explain</Button>
          {failure && <Problem error={failure} what="The question could not be answered" />}
          {said && (
            <Alert type={said.allowed ? "success" : "warning"} header={said.allowed ? "Allowed" : "Denied"}>
              <Box>{said.because}</Box>
              {said.near.map((words) => <Box key={words}>{words}</Box>)}
              {said.missing_keys.length > 0 && <Box>Policies also look at: {said.missing_keys.join(", ")}</Box>}
              {said.statement != null && <Printed text={JSON.stringify(said.statement, null, 2)} label="Statement" />}
            </Alert>
          )}
          <CliCommand command={lambdadCommand(["auth", "explain"], { principal: principal.trim() || undefined, action: principal.trim() ? action.trim() : undefined, resource: (principal.trim() && resource.trim()) || undefined })} />
        </SpaceBetween>
      </Container>
      <AsyncPanel load={denials} what="What was refused could not be read">
        {({ denials: found }) => (
          <Table
            items={found}
            header={<Header variant="h2" counter={`(${found.length})`} description="Since the server started, the last hundred.">Refused lately</Header>}
            empty={<Box textAlign="center">Nothing was refused.</Box>}
            columnDefinitions={[
              { id: "at", header: "Time", cell: (one) => moment(one.at_s * 1000), isRowHeader: true },
              { id: "who", header: "Who", cell: (one) => one.principal },
              { id: "action", header: "Action", cell: (one) => one.action },
              { id: "resource", header: "Resource", cell: (one) => one.resource || "–" },
              { id: "because", header: "Because", cell: (one) => one.because },
              { id: "explain", header: "Actions", cell: (one) => <Button ariaLabel={`Explain ${one.action}`} onClick={() => { again(one); }}>Explain</Button> },
            ]}
          />
        )}
      </AsyncPanel>
    </SpaceBetween>
  );
}
