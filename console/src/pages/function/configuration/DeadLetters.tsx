import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useSession } from "../../../app/session";
import { awsCommand, CliCommand } from "../../../parts/CliCommand";
import type { TabProps } from "../tabs";
import { TextField } from "./fields";
import { useUpdate } from "./useUpdate";

/** Where events go that no attempt was successful with. */
export function DeadLetters(props: TabProps) {
  const { region } = useSession();
  const { busy, update } = useUpdate(props);
  const known = props.details.Configuration.DeadLetterConfig?.TargetArn ?? "";
  const [target, setTarget] = useState(known);
  const config = { TargetArn: target.trim() };
  const save = () => {
    const done = config.TargetArn ? "Events that end without success go there." : "There is no dead-letter queue any more.";
    void update({ doing: "Saving the dead-letter queue", done }, { DeadLetterConfig: config });
  };
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Gets the event itself, with its error as attributes; of published versions, the one they were published with. The role must be allowed to send."
          actions={<Button loading={busy} disabled={config.TargetArn === known} onClick={save}>Save dead-letter queue</Button>}
        >
          Dead-letter queue
        </Header>
      }
    >
      <SpaceBetween size="m">
        <TextField label="Queue or topic for dead letters" hint="ARN of a standard SQS queue or SNS topic; empty for none" value={target} set={setTarget} />
        <CliCommand command={awsCommand("lambda update-function-configuration", { "function-name": props.name, "dead-letter-config": JSON.stringify(config), region })} />
      </SpaceBetween>
    </Container>
  );
}
