import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { lambda, pathOf } from "../../../api/lambda";
import { orNothing } from "../../../api/transport";
import { useAction } from "../../../app/flash";
import { useSession } from "../../../app/session";
import { AsyncPanel } from "../../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../../parts/CliCommand";
import { ConfirmDelete } from "../../../parts/ConfirmDelete";
import { useLoad } from "../../../parts/useLoad";
import type { Destinations } from "../around";
import type { TabProps } from "../tabs";
import { TextField } from "./fields";
import { qualified, QualifierChoice } from "./QualifierChoice";

interface Events extends Destinations {
  MaximumRetryAttempts?: number;
  MaximumEventAgeInSeconds?: number;
}

interface FormProps {
  name: string;
  qualifier: string;
  /** null while AWS's defaults hold. */
  events: Events | null;
  changed: () => void;
}

const pathFor = (name: string) => pathOf(name, "/event-invoke-config", "2019-09-25");

/** What becomes of events: attempts, age, and who is told of their end. */
export function Asynchronous({ name, reload }: TabProps) {
  const { connection, region } = useSession();
  const [qualifier, setQualifier] = useState("");
  const load = useLoad(
    () => orNothing(lambda<Events>(connection, "GET", pathFor(name), { query: qualified(qualifier) })),
    `${region} ${name} ${qualifier}`,
  );
  const changed = () => {
    load.reload();
    reload();
  };
  return (
    <Container header={<Header variant="h2" description="Events follow what is set for the version or alias they were sent to.">Asynchronous invocation</Header>}>
      <SpaceBetween size="m">
        <QualifierChoice name={name} of="Events" value={qualifier} set={setQualifier} />
        <AsyncPanel load={load} what="The configuration for events could not be read">
          {(events) => <Form key={`${qualifier} ${JSON.stringify(events)}`} name={name} qualifier={qualifier} events={events} changed={changed} />}
        </AsyncPanel>
      </SpaceBetween>
    </Container>
  );
}

function Form({ name, qualifier, events, changed }: FormProps) {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const [isDoomed, setDoomed] = useState(false);
  const [retries, setRetries] = useState(String(events?.MaximumRetryAttempts ?? 2));
  const [age, setAge] = useState(String(events?.MaximumEventAgeInSeconds ?? 21_600));
  const [success, setSuccess] = useState(events?.DestinationConfig?.OnSuccess?.Destination ?? "");
  const [failure, setFailure] = useState(events?.DestinationConfig?.OnFailure?.Destination ?? "");
  const destinations = {
    OnSuccess: success.trim() ? { Destination: success.trim() } : {},
    OnFailure: failure.trim() ? { Destination: failure.trim() } : {},
  };
  const save = async () => {
    const body = { MaximumRetryAttempts: Number(retries), MaximumEventAgeInSeconds: Number(age), DestinationConfig: destinations };
    const words = { doing: "Saving", done: "Events that end from now on are treated so." };
    if (await run(words, () => lambda(connection, "PUT", pathFor(name), { query: qualified(qualifier), body }))) changed();
  };
  return (
    <SpaceBetween size="m">
      <ColumnLayout columns={2}>
        <TextField label="Retries" hint="0 to 2 after a failure" isNumber value={retries} set={setRetries} />
        <TextField label="Maximum age (s)" hint="60 to 21,600" isNumber value={age} set={setAge} />
        <TextField label="Destination on success" hint="ARN of a queue, topic, bus or function" value={success} set={setSuccess} />
        <TextField label="Destination on failure" hint="ARN; a bucket, too" value={failure} set={setFailure} />
      </ColumnLayout>
      <SpaceBetween direction="horizontal" size="xs">
        <Button loading={busy} onClick={() => void save()}>Save events</Button>
        <Button disabled={events === null} onClick={() => { setDoomed(true); }}>Back to the defaults</Button>
      </SpaceBetween>
      <CliCommand
        command={awsCommand("lambda put-function-event-invoke-config", {
          "function-name": name,
          qualifier: qualifier || undefined,
          "maximum-retry-attempts": retries,
          "maximum-event-age-in-seconds": age,
          "destination-config": JSON.stringify(destinations),
          region,
        })}
      />
      {isDoomed && <BackToDefaults name={name} qualifier={qualifier} changed={changed} onClose={() => { setDoomed(false); }} />}
    </SpaceBetween>
  );
}

function BackToDefaults({ name, qualifier, changed, onClose }: Omit<FormProps, "events"> & { onClose: () => void }) {
  const { connection, region } = useSession();
  const { busy, run, failure } = useAction("here");
  const remove = async () => {
    const words = { doing: "Removing the configuration", done: "Events are treated by the defaults." };
    if (!(await run(words, () => lambda(connection, "DELETE", pathFor(name), { query: qualified(qualifier) })))) return;
    onClose();
    changed();
  };
  return (
    <ConfirmDelete
      verb="Remove"
      what="the configuration for events"
      command={awsCommand("lambda delete-function-event-invoke-config", { "function-name": name, qualifier: qualifier || undefined, region })}
      busy={busy}
      failure={failure}
      word={null}
      onCancel={onClose}
      onDelete={() => void remove()}
    >
      Two retries, six hours, and no destinations: nobody is told any more how events ended. A dead-letter queue stays.
    </ConfirmDelete>
  );
}
