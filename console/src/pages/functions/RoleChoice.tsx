import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { listRoles, type Role } from "../../api/iam";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { useLoad } from "../../parts/useLoad";

export type Kind = "new" | "existing" | "arn";

export interface Chosen {
  kind: Kind;
  /** Of an existing role, or as it was written. */
  arn: string;
}

const LAMBDA = "lambda.amazonaws.com";

interface Props {
  chosen: Chosen;
  onChange: (chosen: Chosen) => void;
  newName: string;
  problem: string | null;
}

/** Which role the function has. */
export function RoleChoice({ chosen, onChange, newName, problem }: Props) {
  const { isOpen, identity } = useSession();
  const any = `arn:aws:iam::${identity.account}:role/any`;
  return (
    <SpaceBetween size="m">
      <FormField label="Execution role" description="What the function may do: it calls AWS's services with the permissions of this role.">
        <RadioGroup
          value={chosen.kind}
          ariaLabel="Execution role"
          onChange={({ detail }) => {
            const kind = detail.value as Kind;
            onChange({ kind, arn: kind === "arn" && isOpen ? any : "" });
          }}
          items={[
            { value: "new", label: "Create a new role with basic Lambda permissions", description: `${newName}: may write its logs` },
            { value: "existing", label: "Use an existing role" },
            {
              value: "arn",
              label: "Name a role by its ARN",
              ...(isOpen ? { description: "One that does not exist may do everything: this server does not enforce signatures." } : {}),
            },
          ]}
        />
      </FormField>
      {chosen.kind === "existing" && (
        <Existing arn={chosen.arn} problem={problem} onChoose={(arn) => { onChange({ kind: "existing", arn }); }} />
      )}
      {chosen.kind === "arn" && (
        <FormField label="Role ARN" errorText={problem}>
          <Input value={chosen.arn} placeholder={any} spellcheck={false} onChange={({ detail }) => { onChange({ kind: "arn", arn: detail.value.trim() }); }} />
        </FormField>
      )}
    </SpaceBetween>
  );
}

function Existing({ arn, problem, onChoose }: { arn: string; problem: string | null; onChoose: (arn: string) => void }) {
  const { connection } = useSession();
  const load = useLoad(() => listRoles(connection), "roles");
  return (
    <AsyncPanel load={load} what="The roles could not be read">
      {(roles) => {
        const options = roles.filter(isOfLambda).map((one) => ({ value: one.arn, label: one.name, description: one.arn }));
        return (
          <FormField label="Existing role" errorText={problem} description="Roles that Lambda may take, by their trust policy.">
            <Select
              options={options}
              selectedOption={options.find(({ value }) => value === arn) ?? null}
              placeholder="Choose a role"
              filteringType="auto"
              filteringAriaLabel="Find roles"
              empty="There are none: create a new one."
              onChange={({ detail }) => { onChoose(detail.selectedOption.value ?? ""); }}
            />
          </FormField>
        );
      }}
    </AsyncPanel>
  );
}

const isOfLambda = (role: Role): boolean => role.trust.includes(LAMBDA) || /"(Service|AWS)":\s*"\*"/.test(role.trust);
