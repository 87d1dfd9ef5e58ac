import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { lambda, pathOf } from "../../../api/lambda";
import { useAction } from "../../../app/flash";
import { useSession } from "../../../app/session";
import { awsCommand, CliCommand } from "../../../parts/CliCommand";
import type { TabProps } from "../tabs";

/** How many calls of the function may run at once. */
export function Concurrency({ name, details, reload }: TabProps) {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const reserved = details.Concurrency?.ReservedConcurrentExecutions;
  const [wanted, setWanted] = useState(reserved === undefined ? "" : String(reserved));
  const path = pathOf(name, "/concurrency", "2017-10-31");
  const save = async () => {
    const body = { ReservedConcurrentExecutions: Number(wanted) };
    const words = { doing: "Reserving concurrency", done: Number(wanted) === 0 ? "The function is stopped: calls are throttled, events wait." : "The concurrency is reserved." };
    if (await run(words, () => lambda(connection, "PUT", path, { body }))) reload();
  };
  const free = async () => {
    const words = { doing: "Freeing the concurrency", done: "The function uses what nobody reserved." };
    if (await run(words, () => lambda(connection, "DELETE", path))) {
      setWanted("");
      reload();
    }
  };
  return (
    <Container header={<Header variant="h2" description="A floor and a ceiling; 0 stops the function.">Reserved concurrency</Header>}>
      <SpaceBetween size="m">
        <FormField label="Reserved concurrency" constraintText={reserved === undefined ? "None is reserved." : `${reserved} are reserved.`}>
          <Input type="number" inputMode="numeric" value={wanted} onChange={({ detail }) => { setWanted(detail.value); }} />
        </FormField>
        <SpaceBetween direction="horizontal" size="xs">
          <Button loading={busy} disabled={wanted === ""} onClick={() => void save()}>Reserve</Button>
          <Button loading={busy} disabled={reserved === undefined} onClick={() => void free()}>Do not reserve</Button>
        </SpaceBetween>
        <CliCommand command={awsCommand("lambda put-function-concurrency", { "function-name": name, "reserved-concurrent-executions": wanted || 0, region })} />
      </SpaceBetween>
    </Container>
  );
}
