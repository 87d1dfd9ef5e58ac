import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { all, lambda, type Mapping } from "../../../../api/lambda";
import { useAction } from "../../../../app/flash";
import { useSession } from "../../../../app/session";
import { AsyncPanel } from "../../../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../../../parts/CliCommand";
import { useLoad } from "../../../../parts/useLoad";
import type { TabProps } from "../../tabs";

const PATH = "/2015-03-31/event-source-mappings/";
const POSITIONS = ["TRIM_HORIZON", "LATEST"].map((value) => ({ value, label: value }));

/** Event source mappings of the function: queues and streams that are polled for it. */
export function Triggers({ name, reload }: TabProps) {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const load = useLoad(() => all<Mapping>(connection, PATH, "EventSourceMappings", { FunctionName: name }), `${region} ${name}`, 5_000);
  const [source, setSource] = useState("");
  const [batch, setBatch] = useState("10");
  const [position, setPosition] = useState("TRIM_HORIZON");
  const isQueue = source.includes(":sqs:");
  const done = () => {
    load.reload();
    reload();
  };
  const create = async () => {
    const body = {
      FunctionName: name,
      EventSourceArn: source.trim(),
      BatchSize: Number(batch),
      ...(isQueue ? {} : { StartingPosition: position }),
    };
    const words = { doing: "Adding the trigger", done: "The trigger is being enabled." };
    if (await run(words, () => lambda(connection, "POST", PATH, { body }))) done();
  };
  const change = async (mapping: Mapping, isOn: boolean) => {
    const words = { doing: "Changing the trigger", done: `The trigger is being ${isOn ? "enabled" : "disabled"}.` };
    if (await run(words, () => lambda(connection, "PUT", PATH + mapping.UUID, { body: { Enabled: isOn } }))) done();
  };
  const remove = async (mapping: Mapping) => {
    const words = { doing: "Removing the trigger", done: "The trigger is being removed; its source keeps what it holds." };
    if (await run(words, () => lambda(connection, "DELETE", PATH + mapping.UUID))) done();
  };
  return (
    <AsyncPanel load={load} what="The triggers could not be read">
      {(mappings) => (
        <Table
          items={mappings}
          trackBy="UUID"
          header={<Header variant="h2" counter={`(${mappings.length})`} description="Queues and streams that are read for the function. Buckets, topics and rules call it by its resource policy.">Triggers</Header>}
          empty={<Box textAlign="center">No queue or stream is read for it.</Box>}
          columnDefinitions={[
            { id: "source", header: "Source", cell: (one) => one.EventSourceArn ?? one.UUID, isRowHeader: true },
            { id: "state", header: "State", cell: (one) => one.State },
            { id: "result", header: "Last result", cell: (one) => one.LastProcessingResult ?? "–" },
            { id: "batch", header: "Batch size", cell: (one) => one.BatchSize ?? "–" },
            {
              id: "actions",
              header: "Actions",
              cell: (one) => (
                <SpaceBetween direction="horizontal" size="xs">
                  <Button loading={busy} onClick={() => void change(one, one.State !== "Enabled")}>{one.State === "Enabled" ? "Disable" : "Enable"}</Button>
                  <Button loading={busy} ariaLabel={`Remove ${one.EventSourceArn ?? one.UUID}`} onClick={() => void remove(one)}>Remove</Button>
                </SpaceBetween>
              ),
            },
          ]}
          footer={
            <SpaceBetween size="s">
              <FormField label="ARN of a queue or stream"><Input value={source} spellcheck={false} onChange={({ detail }) => { setSource(detail.value); }} placeholder={`arn:aws:sqs:${region}:000000000000:orders`} /></FormField>
              <SpaceBetween direction="horizontal" size="s">
                <FormField label="Batch size"><Input type="number" value={batch} onChange={({ detail }) => { setBatch(detail.value); }} /></FormField>
                {!isQueue && (
                  <FormField label="Starting position">
                    <Select selectedOption={POSITIONS.find(({ value }) => value === position) ?? null} options={POSITIONS} onChange={({ detail }) => { setPosition(detail.selectedOption.value ?? position); }} />
                  </FormField>
                )}
              </SpaceBetween>
              <Button disabled={!source.trim()} loading={busy} onClick={() => void create()}>Add trigger</Button>
              <CliCommand command={awsCommand("lambda create-event-source-mapping", { "function-name": name, "event-source-arn": source.trim() || "ARN", "batch-size": batch, "starting-position": isQueue ? undefined : position, region })} />
            </SpaceBetween>
          }
        />
      )}
    </AsyncPanel>
  );
}
