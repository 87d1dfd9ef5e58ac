import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { own } from "../../api/own";
import { lambda } from "../../api/lambda";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand, lambdadCommand } from "../../parts/CliCommand";
import { count } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";
import { MappingDetails } from "./MappingDetails";
import { sourceOf } from "./sources";
import type { PolledMapping } from "./types";

/** Event source mappings at work: what they read, how far they are behind, how the last batch went. */
export default function MappingsPage() {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const mappings = useLoad(
    () => own<{ mappings: PolledMapping[] }>(connection, "GET", "mappings"),
    `mappings ${region}`,
    5_000,
  );
  const status = useLoad(() => own<{ companion: { state: string; keeps?: string } }>(connection, "GET", "status"), "companion");
  const [shown, setShown] = useState("");
  const detailed = mappings.value?.mappings.find(({ uuid }) => uuid === shown);
  const keeps = status.value?.companion.keeps;
  const enable = async (mapping: PolledMapping, enabled: boolean) => {
    const words = enabled
      ? { doing: "Enabling the mapping", done: `Mapping ${mapping.uuid} is being enabled.` }
      : { doing: "Disabling the mapping", done: `Mapping ${mapping.uuid} is being disabled; what it has read is still settled.` };
    const path = `/2015-03-31/event-source-mappings/${mapping.uuid}`;
    if (await run(words, () => lambda(connection, "PUT", path, { body: { Enabled: enabled } }))) mappings.reload();
  };
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="Queues and streams that call functions." actions={<Button iconName="refresh" ariaLabel="Refresh" onClick={mappings.reload} />}>
        Event source mappings
      </Header>
      {keeps && (
        <Alert type="info" header="Queues, streams and tables of the companion are for development">
          {`The companion keeps ${keeps}. Mappings go on by themselves after that.`}
        </Alert>
      )}
      <AsyncPanel load={mappings} what="The mappings could not be read">
        {(found) => (
          <Table<PolledMapping>
            items={found.mappings}
            trackBy="uuid"
            header={<Header variant="h2" counter={`(${found.mappings.length})`}>Mappings</Header>}
            empty={<Box textAlign="center">There are no mappings in this region.</Box>}
            columnDefinitions={[
              { id: "source", header: "Source", cell: (one) => sourceOf(one), isRowHeader: true },
              { id: "kind", header: "Kind", cell: (one) => one.kind },
              { id: "function", header: "Function", cell: (one) => one.function.split(":function:").at(-1) },
              { id: "state", header: "State", cell: (one) => <State mapping={one} /> },
              { id: "lag", header: "Behind by events", cell: (one) => (one.waiting === null ? "–" : count(one.waiting)) },
              { id: "calls", header: "Calls now", cell: (one) => `${one.running} of ${one.allowed}` },
              { id: "rate", header: "Events per second", cell: (one) => count(one.events_per_s) },
              { id: "result", header: "Last result", cell: (one) => <Result mapping={one} /> },
              {
                id: "actions",
                header: "Actions",
                cell: (one) => {
                  const isOn = one.state.startsWith("Enabl") || one.not_polled !== null;
                  return (
                    <SpaceBetween direction="horizontal" size="xs">
                      <Button ariaLabel={`Details of ${one.uuid}`} onClick={() => { setShown(one.uuid); }}>Details</Button>
                      <Button loading={busy} ariaLabel={`${isOn ? "Disable" : "Enable"} ${one.uuid}`} onClick={() => void enable(one, !isOn)}>
                        {isOn ? "Disable" : "Enable"}
                      </Button>
                    </SpaceBetween>
                  );
                },
              },
            ]}
          />
        )}
      </AsyncPanel>
      {detailed && <MappingDetails key={detailed.uuid} mapping={detailed} onReset={mappings.reload} onClose={() => { setShown(""); }} />}
      <CliCommand command={awsCommand("lambda list-event-source-mappings", { region })} />
      <CliCommand command={lambdadCommand(["mappings"], { region })} />
    </SpaceBetween>
  );
}

function State({ mapping }: { mapping: PolledMapping }) {
  if (mapping.not_polled) return <StatusIndicator type="warning">{mapping.state}: {mapping.not_polled}</StatusIndicator>;
  if (mapping.state === "Enabled") return <StatusIndicator>Enabled</StatusIndicator>;
  return <StatusIndicator type={mapping.state === "Disabled" ? "stopped" : "in-progress"}>{mapping.state}</StatusIndicator>;
}

function Result({ mapping }: { mapping: PolledMapping }) {
  if (mapping.last_result === null) return <>Nothing read yet</>;
  return mapping.last_result.startsWith("PROBLEM") ? (
    <StatusIndicator type="error">{mapping.last_result.slice("PROBLEM: ".length)}</StatusIndicator>
  ) : (
    <StatusIndicator>{mapping.last_result}</StatusIndicator>
  );
}
