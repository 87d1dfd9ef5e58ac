import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useLocation } from "wouter";
import { iam } from "../../api/iam";
import { childOf, textOf } from "../../api/query";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { PolicyEditor } from "./PolicyEditor";
import { EXAMPLE, nameProblem } from "./policies";

/** A managed policy of the account, which can be attached to roles. */
export default function CreatePolicy() {
  const { connection } = useSession();
  const [, navigate] = useLocation();
  const { busy, run } = useAction();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const problem = name ? nameProblem(name) : null;

  const create = async (document: string) => {
    let arn = "";
    const done = await run({ doing: `Creating policy ${name}`, done: `Policy ${name} is there; attach it to roles.` }, async () => {
      const made = await iam(connection, "CreatePolicy", { PolicyName: name, PolicyDocument: document, ...(description ? { Description: description } : {}) });
      arn = textOf(childOf(made, "Policy"), "Arn");
    });
    if (done) navigate(`/iam/policies/${encodeURIComponent(arn)}`);
  };

  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="What it allows or denies, whoever it is attached to.">Create policy</Header>
      <Container>
        <SpaceBetween size="m">
          <FormField label="Policy name" constraintText="Letters, digits and +=,.@-_; at most 128" errorText={problem}>
            <Input value={name} spellcheck={false} onChange={({ detail }) => { setName(detail.value.trim()); }} />
          </FormField>
          <FormField label="Description" constraintText="It cannot be changed later">
            <Input value={description} onChange={({ detail }) => { setDescription(detail.value); }} />
          </FormField>
          <PolicyEditor label="Policy in JSON" text={EXAMPLE} kind="identity" action="Create policy" busy={busy} disabled={!name || problem !== null} onSave={(text) => void create(text)} />
          <CliCommand command={awsCommand("iam create-policy", { "policy-name": name || "NAME", description: description || undefined, "policy-document": "file://policy.json" })} />
        </SpaceBetween>
      </Container>
    </SpaceBetween>
  );
}
