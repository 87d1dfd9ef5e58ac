import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import type { ApiError } from "../api/transport";
import { Problem } from "./AsyncPanel";
import { CliCommand } from "./CliCommand";

/** Asks before something is deleted; `word` must be typed, unless it is null. */
export function ConfirmDelete({
  what,
  children,
  command,
  busy,
  onCancel,
  onDelete,
  verb = "Delete",
  word = "delete",
  disabled = false,
  failure = null,
}: {
  /** "function report" */
  what: string;
  /** What goes with it. */
  children?: ReactNode;
  command: string;
  busy: boolean;
  onCancel: () => void;
  onDelete: () => void;
  /** "Remove", for what is taken from a thing that stays. */
  verb?: string;
  word?: string | null;
  /** Something else is missing. */
  disabled?: boolean;
  /** Why it could not be done, when that is told here. */
  failure?: ApiError | null;
}) {
  const [typed, setTyped] = useState("");
  return (
    <Modal
      visible
      onDismiss={onCancel}
      header={`${verb} ${what}?`}
      closeAriaLabel="Cancel"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onCancel}>Cancel</Button>
            <Button variant="primary" loading={busy} disabled={disabled || (word !== null && typed !== word)} onClick={onDelete}>{verb}</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>{children ?? "This cannot be undone."}</Box>
        {word !== null && (
          <FormField label={`To confirm, type ${word}`}>
            <Input value={typed} onChange={({ detail }) => { setTyped(detail.value); }} ariaRequired />
          </FormField>
        )}
        {failure && <Problem error={failure} />}
        <CliCommand command={command} />
      </SpaceBetween>
    </Modal>
  );
}
