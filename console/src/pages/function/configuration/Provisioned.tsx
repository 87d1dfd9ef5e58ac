import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { all, lambda, pathOf } from "../../../api/lambda";
import { useAction } from "../../../app/flash";
import { useSession } from "../../../app/session";
import { AsyncPanel } from "../../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../../parts/CliCommand";
import { useLoad } from "../../../parts/useLoad";
import type { TabProps } from "../tabs";

interface Provision {
  FunctionArn: string;
  RequestedProvisionedConcurrentExecutions: number;
  AvailableProvisionedConcurrentExecutions: number;
  Status: string;
  StatusReason?: string;
}

const EVERY_MS = 5_000;
const qualifierOf = (arn: string) => arn.split(":").at(-1) ?? arn;

/** Environments that are kept ready for a version or an alias. */
export function Provisioned({ name }: TabProps) {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const [qualifier, setQualifier] = useState("");
  const [wanted, setWanted] = useState("1");
  const path = pathOf(name, "/provisioned-concurrency", "2019-09-30");
  const load = useLoad(
    () => all<Provision>(connection, path, "ProvisionedConcurrencyConfigs", { List: "ALL" }),
    `${region} ${name}`,
    EVERY_MS,
  );
  const provide = async () => {
    const words = { doing: "Providing environments", done: `Environments for ${qualifier} are being started.` };
    const body = { ProvisionedConcurrentExecutions: Number(wanted) };
    if (await run(words, () => lambda(connection, "PUT", path, { query: { Qualifier: qualifier }, body }))) load.reload();
  };
  const remove = async (gone: string) => {
    const words = { doing: "Removing the provision", done: `No environments are kept for ${gone} any more.` };
    if (await run(words, () => lambda(connection, "DELETE", path, { query: { Qualifier: gone } }))) load.reload();
  };
  return (
    <AsyncPanel load={load} what="The provisioned concurrency could not be read">
      {(found) => (
        <Table
          items={found}
          trackBy="FunctionArn"
          header={<Header variant="h2" counter={`(${found.length})`} description="Environments that wait for invocations of a version or an alias, and are billed meanwhile.">Provisioned concurrency</Header>}
          empty={<Box textAlign="center">No environments are kept ready.</Box>}
          columnDefinitions={[
            { id: "qualifier", header: "Version or alias", cell: (one) => qualifierOf(one.FunctionArn), isRowHeader: true },
            { id: "requested", header: "Requested", cell: (one) => one.RequestedProvisionedConcurrentExecutions },
            { id: "available", header: "Available", cell: (one) => one.AvailableProvisionedConcurrentExecutions },
            { id: "status", header: "Status", cell: (one) => (one.StatusReason ? `${one.Status}: ${one.StatusReason}` : one.Status) },
            {
              id: "actions",
              header: "Actions",
              cell: (one) => <Button loading={busy} ariaLabel={`Remove the provision of ${qualifierOf(one.FunctionArn)}`} onClick={() => void remove(qualifierOf(one.FunctionArn))}>Remove</Button>,
            },
          ]}
          footer={
            <SpaceBetween size="s">
              <SpaceBetween direction="horizontal" size="s">
                <FormField label="Version or alias"><Input value={qualifier} spellcheck={false} onChange={({ detail }) => { setQualifier(detail.value.trim()); }} /></FormField>
                <FormField label="Environments"><Input type="number" inputMode="numeric" value={wanted} onChange={({ detail }) => { setWanted(detail.value); }} /></FormField>
              </SpaceBetween>
              <Button disabled={!qualifier || !(Number(wanted) >= 1)} loading={busy} onClick={() => void provide()}>Keep ready</Button>
              <CliCommand command={awsCommand("lambda put-provisioned-concurrency-config", { "function-name": name, qualifier: qualifier || "QUALIFIER", "provisioned-concurrent-executions": wanted, region })} />
            </SpaceBetween>
          }
        />
      )}
    </AsyncPanel>
  );
}
