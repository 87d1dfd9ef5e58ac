import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { ApiError } from "../../api/transport";
import { useSession } from "../../app/session";
import { checked, problemOf } from "./policies";

/** A policy in JSON, checked by the server as it would be judged when it is put. */
export function PolicyEditor({
  label,
  text: first,
  kind,
  action = "Save",
  busy,
  disabled = false,
  onSave,
}: {
  label: string;
  text: string;
  kind: "identity" | "trust";
  /** What the button says. */
  action?: string;
  busy: boolean;
  /** Something else is missing. */
  disabled?: boolean;
  onSave: (text: string) => void;
}) {
  const { connection } = useSession();
  const [text, setText] = useState(first);
  const [said, setSaid] = useState<{ text: string; problem: string | null } | null>(null);
  const check = async () => {
    try {
      const problem = problemOf(await checked(connection, text, kind));
      setSaid({ text, problem });
      return problem === null;
    } catch (error) {
      setSaid({ text, problem: error instanceof ApiError ? error.message : String(error) });
      return false;
    }
  };
  const current = said?.text === text ? said : null;
  return (
    <SpaceBetween size="s">
      <FormField label={label} {...(current?.problem ? { errorText: current.problem } : {})}>
        <Textarea value={text} rows={14} spellcheck={false} onChange={({ detail }) => { setText(detail.value); }} />
      </FormField>
      <SpaceBetween direction="horizontal" size="xs" alignItems="center">
        <Button onClick={() => void check()}>Check</Button>
        <Button loading={busy} disabled={disabled} onClick={() => void check().then((isValid) => { if (isValid) onSave(text); })}>{action}</Button>
        {current && current.problem === null && <StatusIndicator>The policy is valid</StatusIndicator>}
      </SpaceBetween>
      <Box variant="small">A policy that is not valid is not saved.</Box>
    </SpaceBetween>
  );
}
