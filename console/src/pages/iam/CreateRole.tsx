import Header from "@cloudscape-design/components/header";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import Wizard from "@cloudscape-design/components/wizard";
import { useState } from "react";
import { useLocation } from "wouter";
import { BASIC_POLICY, createRole, iam, LAMBDA_TRUST } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { useLoad } from "../../parts/useLoad";
import { policiesOf } from "./policies";

/** A role in three steps: who takes it, what it may do, what it is called. */
export default function CreateRole() {
  const { connection, identity } = useSession();
  const [, navigate] = useLocation();
  const { busy, run } = useAction();
  const [step, setStep] = useState(0);
  const [trust, setTrust] = useState(LAMBDA_TRUST);
  const [chosen, setChosen] = useState<string[]>([BASIC_POLICY]);
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const policies = useLoad(() => policiesOf(connection), identity.account);
  const options = (policies.value ?? []).map(({ arn, name: label }) => ({ value: arn, label, description: arn }));

  const create = async () => {
    const done = await run({ doing: `Creating role ${name}`, done: `Role ${name} is there.` }, async () => {
      await createRole(connection, name, trust, description);
      for (const arn of chosen) await iam(connection, "AttachRolePolicy", { RoleName: name, PolicyArn: arn });
    });
    if (done) navigate(`/iam/roles/${encodeURIComponent(name)}`);
  };

  return (
    <Wizard
      activeStepIndex={step}
      isLoadingNextStep={busy}
      onNavigate={({ detail }) => { setStep(detail.requestedStepIndex); }}
      onCancel={() => { navigate("/iam/roles"); }}
      onSubmit={() => { if (name) void create(); }}
      i18nStrings={{
        stepNumberLabel: (number) => `Step ${number}`,
        collapsedStepsLabel: (number, count) => `Step ${number} of ${count}`,
        navigationAriaLabel: "Steps",
        cancelButton: "Cancel",
        previousButton: "Previous",
        nextButton: "Next",
        submitButton: "Create role",
        optional: "optional",
      }}
      steps={[
        {
          title: "Trusted entity",
          description: "Who may take the role. Functions need Lambda.",
          content: (
            <Container header={<Header variant="h2">Trust policy</Header>}>
              <FormField label="Policy in JSON"><Textarea value={trust} rows={14} spellcheck={false} onChange={({ detail }) => { setTrust(detail.value); }} /></FormField>
            </Container>
          ),
        },
        {
          title: "Permissions",
          description: "The basic policy lets a function write its log.",
          content: (
            <Container header={<Header variant="h2">Policies</Header>}>
              <FormField label="Policies to attach" {...(policies.error ? { errorText: policies.error.message } : {})}>
                <Multiselect
                  selectedOptions={chosen.map((arn) => options.find(({ value }) => value === arn) ?? { value: arn, label: arn.split("/").at(-1) ?? arn })}
                  options={options}
                  filteringType="auto"
                  statusType={policies.value ? "finished" : "loading"}
                  placeholder="Choose policies"
                  onChange={({ detail }) => { setChosen(detail.selectedOptions.map(({ value }) => value ?? "")); }}
                />
              </FormField>
            </Container>
          ),
        },
        {
          title: "Name",
          content: (
            <Container header={<Header variant="h2">Name and create</Header>}>
              <SpaceBetween size="m">
                <FormField label="Role name" constraintText="Letters, digits and +=,.@-_; at most 64"><Input value={name} spellcheck={false} onChange={({ detail }) => { setName(detail.value.trim()); }} /></FormField>
                <FormField label="Description"><Input value={description} onChange={({ detail }) => { setDescription(detail.value); }} /></FormField>
                <CliCommand command={awsCommand("iam create-role", { "role-name": name || "NAME", "assume-role-policy-document": trust })} />
              </SpaceBetween>
            </Container>
          ),
        },
      ]}
    />
  );
}
