import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { CliCommand } from "./CliCommand";

/** Asks before something is deleted; `word` must be typed. */
export function ConfirmDelete({
  what,
  children,
  command,
  busy,
  onCancel,
  onDelete,
  word = "delete",
}: {
  /** "function report" */
  what: string;
  /** What goes with it. */
  children?: ReactNode;
  command: string;
  busy: boolean;
  onCancel: () => void;
  onDelete: () => void;
  word?: string;
}) {
  const [typed, setTyped] = useState("");
  return (
    <Modal
      visible
      onDismiss={onCancel}
      header={`Delete ${what}?`}
      closeAriaLabel="Cancel"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onCancel}>Cancel</Button>
            <Button variant="primary" loading={busy} disabled={typed !== word} onClick={onDelete}>Delete</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>{children ?? "This cannot be undone."}</Box>
        <FormField label={`To confirm, type ${word}`}>
          <Input value={typed} onChange={({ detail }) => { setTyped(detail.value); }} ariaRequired />
        </FormField>
        <CliCommand command={command} />
      </SpaceBetween>
    </Modal>
  );
}
