import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import type { TabProps } from "../tabs";

/** What cannot be undone. */
export function DangerZone({ onDelete }: TabProps) {
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Deleting the function ends its versions, aliases and URL, too. You are asked once more."
          actions={<Button onClick={onDelete}>Delete function</Button>}
        >
          Danger zone
        </Header>
      }
    />
  );
}
