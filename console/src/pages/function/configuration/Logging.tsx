import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { lambda, pathOf } from "../../../api/lambda";
import { useAction } from "../../../app/flash";
import { useSession } from "../../../app/session";
import { awsCommand, CliCommand } from "../../../parts/CliCommand";
import { settled } from "../settled";
import type { TabProps } from "../tabs";

const FORMATS = ["Text", "JSON"];
const OF_APPLICATION = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const OF_SYSTEM = ["DEBUG", "INFO", "WARN"];
const COMMON = "INFO";

/** Where the function's log goes, and how much of it. */
export function Logging({ name, details, reload }: TabProps) {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const known = details.Configuration.LoggingConfig ?? {};
  const [format, setFormat] = useState(known.LogFormat ?? "Text");
  const [application, setApplication] = useState(known.ApplicationLogLevel ?? COMMON);
  const [system, setSystem] = useState(known.SystemLogLevel ?? COMMON);
  const [group, setGroup] = useState(known.LogGroup ?? `/aws/lambda/${name}`);
  const config = {
    LogFormat: format,
    LogGroup: group.trim(),
    ...(format === "JSON" ? { ApplicationLogLevel: application, SystemLogLevel: system } : {}),
  };
  const save = async () => {
    const words = { doing: "Saving the logging", done: "New environments write their log so." };
    const done = await run(words, async () => {
      await lambda(connection, "PUT", pathOf(name, "/configuration"), { body: { LoggingConfig: config } });
      await settled(connection, name);
    });
    if (done) reload();
  };
  const choice = (label: string, options: readonly string[], value: string, set: (value: string) => void) => (
    <FormField label={label}>
      <Select
        selectedOption={{ value, label: value }}
        options={options.map((one) => ({ value: one, label: one }))}
        onChange={({ detail }) => { set(detail.selectedOption.value ?? value); }}
      />
    </FormField>
  );
  return (
    <Container
      header={
        <Header variant="h2" description="Levels can be chosen for JSON only." actions={<Button loading={busy} disabled={!group.trim()} onClick={() => void save()}>Save logging</Button>}>
          Logging
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ColumnLayout columns={2}>
          {choice("Log format", FORMATS, format, setFormat)}
          <FormField label="Log group"><Input value={group} spellcheck={false} onChange={({ detail }) => { setGroup(detail.value); }} /></FormField>
          {format === "JSON" && choice("Application log level", OF_APPLICATION, application, setApplication)}
          {format === "JSON" && choice("System log level", OF_SYSTEM, system, setSystem)}
        </ColumnLayout>
        <CliCommand command={awsCommand("lambda update-function-configuration", { "function-name": name, "logging-config": JSON.stringify(config), region })} />
      </SpaceBetween>
    </Container>
  );
}
