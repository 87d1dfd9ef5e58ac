import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Select, { type SelectProps } from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { iam } from "../../api/iam";
import { useAction, type Words } from "../../app/flash";
import { useSession } from "../../app/session";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import type { Loaded } from "../../parts/useLoad";

interface Props {
  label: string;
  placeholder: string;
  empty?: string;
  /** What there is to choose from; without a value until it is known. */
  choices: Pick<Loaded<readonly SelectProps.Option[]>, "value" | "error">;
  words: (chosen: string) => Words;
  /** Of what is chosen, the role and the policy's ARN. */
  pair: (chosen: string) => { role: string; arn: string };
  /** Stands in the command until something is chosen. */
  unnamed: string;
  onDone: () => void;
}

/** Attaches a managed policy to a role, one of which is chosen. */
export function Attach({ label, placeholder, empty, choices, words, pair, unnamed, onDone }: Props) {
  const { connection } = useSession();
  const { busy, run } = useAction();
  const [chosen, setChosen] = useState("");
  const options = choices.value ?? [];
  const attach = async () => {
    const { role, arn } = pair(chosen);
    if (!(await run(words(chosen), () => iam(connection, "AttachRolePolicy", { RoleName: role, PolicyArn: arn })))) return;
    setChosen("");
    onDone();
  };
  const shown = pair(chosen || unnamed);
  return (
    <SpaceBetween size="s">
      <SpaceBetween direction="horizontal" size="s" alignItems="end">
        <FormField label={label} {...(choices.error ? { errorText: choices.error.message } : {})}>
          <Select
            selectedOption={options.find(({ value }) => value === chosen) ?? null}
            options={options}
            filteringType="auto"
            placeholder={placeholder}
            {...(empty ? { empty } : {})}
            statusType={choices.error ? "error" : choices.value ? "finished" : "loading"}
            onChange={({ detail }) => { setChosen(detail.selectedOption.value ?? ""); }}
          />
        </FormField>
        <Button disabled={!chosen} loading={busy} onClick={() => void attach()}>Attach</Button>
      </SpaceBetween>
      <CliCommand command={awsCommand("iam attach-role-policy", { "role-name": shown.role, "policy-arn": shown.arn })} />
    </SpaceBetween>
  );
}
