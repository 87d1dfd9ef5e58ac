import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { LAMBDA_TRUST } from "../../api/iam";
import { useSession } from "../../app/session";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { useLoad } from "../../parts/useLoad";
import { policiesOf } from "./policies";

const compact = (document: string) => JSON.stringify(JSON.parse(document));

const ENTITIES = [
  { value: "lambda", label: "Lambda", description: "Functions take it when they run." },
  { value: "custom", label: "Custom trust policy", description: "Other services, accounts, roles or users, as the policy says." },
];

/** Who may take the role. */
export function TrustStep({ trust, setTrust, problem }: { trust: string; setTrust: (trust: string) => void; problem: string | null }) {
  const [entity, setEntity] = useState(trust === LAMBDA_TRUST ? "lambda" : "custom");
  return (
    <Container header={<Header variant="h2">Trust policy</Header>}>
      <SpaceBetween size="m">
        <FormField label="Trusted entity">
          <RadioGroup
            value={entity}
            items={ENTITIES}
            onChange={({ detail }) => {
              setEntity(detail.value);
              if (detail.value === "lambda") setTrust(LAMBDA_TRUST);
            }}
          />
        </FormField>
        <FormField label="Policy in JSON" errorText={problem} constraintText="Checked before the next step">
          <Textarea value={trust} rows={14} readOnly={entity === "lambda"} spellcheck={false} onChange={({ detail }) => { setTrust(detail.value); }} />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

/** What it may do. */
export function PermissionsStep({ chosen, setChosen }: { chosen: string[]; setChosen: (arns: string[]) => void }) {
  const { connection, identity } = useSession();
  const policies = useLoad(() => policiesOf(connection), identity.account);
  const options = (policies.value ?? []).map(({ arn, name: label }) => ({ value: arn, label, description: arn }));
  return (
    <Container header={<Header variant="h2">Policies</Header>}>
      <FormField label="Policies to attach" {...(policies.error ? { errorText: policies.error.message } : {})}>
        <Multiselect
          selectedOptions={chosen.map((arn) => options.find(({ value }) => value === arn) ?? { value: arn, label: arn.split("/").at(-1) ?? arn })}
          options={options}
          filteringType="auto"
          statusType={policies.error ? "error" : policies.value ? "finished" : "loading"}
          placeholder="Choose policies"
          onChange={({ detail }) => { setChosen(detail.selectedOptions.map(({ value }) => value ?? "")); }}
        />
      </FormField>
    </Container>
  );
}

/** What it is called, and, once its trust policy was found valid, the commands that make the same. */
export function NameStep({ name, setName, problem, description, setDescription, trust, chosen }: {
  name: string;
  setName: (name: string) => void;
  problem: string | null;
  description: string;
  setDescription: (description: string) => void;
  trust: string;
  chosen: readonly string[];
}) {
  const role = name || "NAME";
  const commands = [
    awsCommand("iam create-role", { "role-name": role, description: description || undefined, "assume-role-policy-document": compact(trust) }),
    ...chosen.map((arn) => awsCommand("iam attach-role-policy", { "role-name": role, "policy-arn": arn })),
  ];
  return (
    <Container header={<Header variant="h2">Name and create</Header>}>
      <SpaceBetween size="m">
        <FormField label="Role name" constraintText="Letters, digits and +=,.@-_; at most 64" errorText={problem}>
          <Input value={name} spellcheck={false} onChange={({ detail }) => { setName(detail.value.trim()); }} />
        </FormField>
        <FormField label="Description"><Input value={description} onChange={({ detail }) => { setDescription(detail.value); }} /></FormField>
        <CliCommand command={commands.join("\n")} />
      </SpaceBetween>
    </Container>
  );
}
