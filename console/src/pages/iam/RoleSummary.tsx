import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import { useState } from "react";
import { iam, type Role } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { awsCommand } from "../../parts/CliCommand";
import { ago, moment, seconds } from "../../parts/format";
import { Dialog } from "../function/configuration/Dialog";

const LEAST_S = 3_600;
const MOST_S = 43_200;

/** What a role is; its description and its longest session can be changed. */
export function RoleSummary({ role, onChange }: { role: Role; onChange: () => void }) {
  const [isEdited, setEdited] = useState(false);
  return (
    <Container header={<Header variant="h2" actions={<Button onClick={() => { setEdited(true); }}>Edit</Button>}>Summary</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: "Creation date", value: moment(role.created) },
          { label: "ARN", value: <CopyToClipboard variant="inline" textToCopy={role.arn} copyButtonAriaLabel="Copy the ARN" copySuccessText="Copied" copyErrorText="Could not be copied" /> },
          { label: "Maximum session duration", value: seconds(role.maxSessionS) },
          { label: "Last used", value: <Box>{ago(role.lastUsed)}{role.lastUsedRegion ? ` in ${role.lastUsedRegion}` : ""}</Box> },
          { label: "Description", value: role.description || "–" },
        ]}
      />
      {isEdited && (
        <EditRole
          role={role}
          onClose={() => { setEdited(false); }}
          onSaved={() => {
            setEdited(false);
            onChange();
          }}
        />
      )}
    </Container>
  );
}

function EditRole({ role, onClose, onSaved }: { role: Role; onClose: () => void; onSaved: () => void }) {
  const { connection } = useSession();
  const { busy, run, failure } = useAction("here");
  const [description, setDescription] = useState(role.description);
  const [longest, setLongest] = useState(String(role.maxSessionS));
  const isDuration = /^\d+$/.test(longest) && Number(longest) >= LEAST_S && Number(longest) <= MOST_S;
  const save = async () => {
    const changed = { RoleName: role.name, Description: description, MaxSessionDuration: Number(longest) };
    if (await run({ doing: `Saving ${role.name}`, done: `${role.name} is saved.` }, () => iam(connection, "UpdateRole", changed))) onSaved();
  };
  return (
    <Dialog
      title={`Edit ${role.name}`}
      says="Sessions that are there keep their end."
      command={awsCommand("iam update-role", { "role-name": role.name, description, "max-session-duration": longest })}
      button="Save"
      isReady={isDuration}
      busy={busy}
      failure={failure}
      onClose={onClose}
      onDo={() => void save()}
    >
      <FormField label="Description"><Input value={description} onChange={({ detail }) => { setDescription(detail.value); }} /></FormField>
      <FormField label="Maximum session duration (s)" constraintText="3,600 to 43,200: one hour to twelve" errorText={isDuration ? null : "A whole number from 3,600 to 43,200."}>
        <Input type="number" value={longest} onChange={({ detail }) => { setLongest(detail.value); }} />
      </FormField>
    </Dialog>
  );
}
