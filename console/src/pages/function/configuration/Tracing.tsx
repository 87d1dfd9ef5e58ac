import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useSession } from "../../../app/session";
import { awsCommand, CliCommand } from "../../../parts/CliCommand";
import type { TabProps } from "../tabs";
import { ChoiceField } from "./fields";
import { useUpdate } from "./useUpdate";

const MODES = [
  { value: "PassThrough", label: "PassThrough: traced when the caller asks" },
  { value: "Active", label: "Active: some calls of callers that do not say are traced, too" },
];

/** Which invocations are traced. */
export function Tracing(props: TabProps) {
  const { region } = useSession();
  const { busy, update } = useUpdate(props);
  const [mode, setMode] = useState(props.details.Configuration.TracingConfig?.Mode ?? "PassThrough");
  const save = () => void update({ doing: "Saving the tracing", done: `Tracing is ${mode} in new environments.` }, { TracingConfig: { Mode: mode } });
  return (
    <Container
      header={
        <Header variant="h2" description="Segments go to the X-Ray daemon that the server names (xray_daemon)." actions={<Button loading={busy} onClick={save}>Save tracing</Button>}>
          Tracing
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ChoiceField label="Tracing mode" options={MODES} value={mode} set={setMode} />
        <CliCommand command={awsCommand("lambda update-function-configuration", { "function-name": props.name, "tracing-config": `Mode=${mode}`, region })} />
      </SpaceBetween>
    </Container>
  );
}
