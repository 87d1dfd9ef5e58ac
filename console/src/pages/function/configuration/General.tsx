import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { lambda, pathOf } from "../../../api/lambda";
import { useAction } from "../../../app/flash";
import { useSession } from "../../../app/session";
import { awsCommand, CliCommand } from "../../../parts/CliCommand";
import { settled } from "../settled";
import type { TabProps } from "../tabs";

/** Memory, time, handler and what else an update of the configuration takes. */
export function General({ name, details, reload }: TabProps) {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const known = details.Configuration;
  const [description, setDescription] = useState(known.Description);
  const [memory, setMemory] = useState(String(known.MemorySize));
  const [timeout, setTimeoutS] = useState(String(known.Timeout));
  const [storage, setStorage] = useState(String(known.EphemeralStorage?.Size ?? 512));
  const [handler, setHandler] = useState(known.Handler ?? "");
  const [runtime, setRuntime] = useState(known.Runtime ?? "");
  const [layers, setLayers] = useState((known.Layers ?? []).map(({ Arn }) => Arn).join("\n"));
  const body = {
    Description: description,
    MemorySize: Number(memory),
    Timeout: Number(timeout),
    EphemeralStorage: { Size: Number(storage) },
    ...(known.PackageType === "Image" ? {} : { Handler: handler, Runtime: runtime }),
    Layers: layers.split(/\s+/).filter(Boolean),
  };
  const save = async () => {
    const words = { doing: `Updating ${name}`, done: `${name} is updated: new environments have the new configuration.` };
    const done = await run(words, async () => {
      await lambda(connection, "PUT", pathOf(name, "/configuration"), { body });
      await settled(connection, name);
    });
    if (done) reload();
  };
  const field = (label: string, constraint: string, value: string, set: (value: string) => void, isNumber = false) => (
    <FormField label={label} constraintText={constraint}>
      <Input value={value} onChange={({ detail }) => { set(detail.value); }} {...(isNumber ? { type: "number" as const, inputMode: "numeric" as const } : {})} />
    </FormField>
  );
  return (
    <Container
      header={
        <Header variant="h2" description="Saving ends the environments of $LATEST after their event." actions={<Button variant="primary" loading={busy} onClick={() => void save()}>Save</Button>}>
          General configuration
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ColumnLayout columns={3}>
          {field("Memory (MB)", "128 to 10,240; processor time goes with it", memory, setMemory, true)}
          {field("Timeout (s)", "1 to 900", timeout, setTimeoutS, true)}
          {field("Ephemeral storage (MB)", "512 to 10,240, in /tmp", storage, setStorage, true)}
          {field("Handler", "File and function", handler, setHandler)}
          {field("Runtime", "As in ListRuntimes: python3.13, nodejs22.x, provided.al2023 …", runtime, setRuntime)}
          {field("Description", "At most 256 characters", description, setDescription)}
        </ColumnLayout>
        <FormField label="Layers" description="ARNs of layer versions, one a line, in order; at most five.">
          <Textarea value={layers} rows={2} spellcheck={false} onChange={({ detail }) => { setLayers(detail.value); }} />
        </FormField>
        <CliCommand
          command={awsCommand("lambda update-function-configuration", {
            "function-name": name,
            "memory-size": body.MemorySize,
            timeout: body.Timeout,
            "ephemeral-storage": `Size=${body.EphemeralStorage.Size}`,
            handler: handler || undefined,
            runtime: runtime || undefined,
            description: description || undefined,
            region,
          })}
        />
      </SpaceBetween>
    </Container>
  );
}
