import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import type { ApiError } from "../../../api/transport";
import { Problem } from "../../../parts/AsyncPanel";
import { CliCommand } from "../../../parts/CliCommand";

/** A form over the page: what it will do, its fields, why it could not, and the same in a shell. */
export function Dialog({ title, says, command, button, isReady, busy, failure, onClose, onDo, children }: {
  title: string;
  says: string;
  command: string;
  button: string;
  isReady: boolean;
  busy: boolean;
  failure: ApiError | null;
  onClose: () => void;
  onDo: () => void;
  children: ReactNode;
}) {
  return (
    <Modal
      visible
      size="large"
      onDismiss={onClose}
      closeAriaLabel="Cancel"
      header={title}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>Cancel</Button>
            <Button variant="primary" loading={busy} disabled={!isReady} onClick={onDo}>{button}</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>{says}</Box>
        {children}
        {failure && <Problem error={failure} what="This could not be done" />}
        <CliCommand command={command} />
      </SpaceBetween>
    </Modal>
  );
}
