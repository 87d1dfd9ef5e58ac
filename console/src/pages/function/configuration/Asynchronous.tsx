import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { lambda, pathOf } from "../../../api/lambda";
import { orNothing } from "../../../api/transport";
import { useAction } from "../../../app/flash";
import { useSession } from "../../../app/session";
import { AsyncPanel } from "../../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../../parts/CliCommand";
import { useLoad } from "../../../parts/useLoad";
import type { TabProps } from "../tabs";
import type { Destinations } from "../around";

interface Events extends Destinations {
  MaximumRetryAttempts?: number;
  MaximumEventAgeInSeconds?: number;
}

const DEFAULT: Events = { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 21_600 };

/** What becomes of events: attempts, age, and who is told of their end. */
export function Asynchronous(props: TabProps) {
  const { connection, region } = useSession();
  const path = pathOf(props.name, "/event-invoke-config").replace("2015-03-31", "2019-09-25");
  const load = useLoad(
    async () => (await orNothing(lambda<Events>(connection, "GET", path))) ?? DEFAULT,
    `${region} ${props.name}`,
  );
  return (
    <AsyncPanel load={load} what="The configuration for events could not be read">
      {(events) => <Form key={JSON.stringify(events)} {...props} events={events} path={path} reload={() => { load.reload(); props.reload(); }} />}
    </AsyncPanel>
  );
}

function Form({ name, events, path, reload }: TabProps & { events: Events; path: string }) {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const [retries, setRetries] = useState(String(events.MaximumRetryAttempts ?? 2));
  const [age, setAge] = useState(String(events.MaximumEventAgeInSeconds ?? 21_600));
  const [success, setSuccess] = useState(events.DestinationConfig?.OnSuccess?.Destination ?? "");
  const [failure, setFailure] = useState(events.DestinationConfig?.OnFailure?.Destination ?? "");
  const destinations = {
    OnSuccess: success.trim() ? { Destination: success.trim() } : {},
    OnFailure: failure.trim() ? { Destination: failure.trim() } : {},
  };
  const save = async () => {
    const body = { MaximumRetryAttempts: Number(retries), MaximumEventAgeInSeconds: Number(age), DestinationConfig: destinations };
    const words = { doing: "Saving", done: "Events that end from now on are treated so." };
    if (await run(words, () => lambda(connection, "PUT", path, { body }))) reload();
  };
  const field = (label: string, constraint: string, value: string, set: (value: string) => void, isNumber = false) => (
    <FormField label={label} constraintText={constraint}>
      <Input value={value} spellcheck={false} onChange={({ detail }) => { set(detail.value); }} {...(isNumber ? { type: "number" as const } : {})} />
    </FormField>
  );
  return (
    <Container header={<Header variant="h2" actions={<Button loading={busy} onClick={() => void save()}>Save events</Button>}>Asynchronous invocation</Header>}>
      <SpaceBetween size="m">
        <ColumnLayout columns={2}>
          {field("Retries", "0 to 2 after a failure", retries, setRetries, true)}
          {field("Maximum age (s)", "60 to 21,600", age, setAge, true)}
          {field("Destination on success", "ARN of a queue, topic, bus or function", success, setSuccess)}
          {field("Destination on failure", "ARN; a bucket, too", failure, setFailure)}
        </ColumnLayout>
        <CliCommand
          command={awsCommand("lambda put-function-event-invoke-config", {
            "function-name": name,
            "maximum-retry-attempts": retries,
            "maximum-event-age-in-seconds": age,
            "destination-config": JSON.stringify(destinations),
            region,
          })}
        />
      </SpaceBetween>
    </Container>
  );
}
