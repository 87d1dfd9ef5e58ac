import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { lambda, pathOf } from "../../../api/lambda";
import { useAction } from "../../../app/flash";
import { useSession } from "../../../app/session";
import { awsCommand, CliCommand } from "../../../parts/CliCommand";
import { settled } from "../settled";
import type { TabProps } from "../tabs";
import { type Pair, Pairs } from "./Pairs";

/** The variables of the function's environment. */
export function Environment({ name, details, reload }: TabProps) {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const [pairs, setPairs] = useState<Pair[]>(() => Object.entries(details.Configuration.Environment?.Variables ?? {}));
  const variables = Object.fromEntries(pairs.filter(([key]) => key));
  const save = async () => {
    const words = { doing: "Saving the variables", done: "The variables are saved: new environments have them." };
    const done = await run(words, async () => {
      await lambda(connection, "PUT", pathOf(name, "/configuration"), { body: { Environment: { Variables: variables } } });
      await settled(connection, name);
    });
    if (done) reload();
  };
  return (
    <Container header={<Header variant="h2" description="At most 4 KB together. Everybody who may read the configuration can read them." actions={<Button loading={busy} onClick={() => void save()}>Save variables</Button>}>Environment variables</Header>}>
      <SpaceBetween size="m">
        <Pairs pairs={pairs} setPairs={setPairs} what="variable" most={500} />
        <CliCommand command={awsCommand("lambda update-function-configuration", { "function-name": name, environment: JSON.stringify({ Variables: variables }), region })} />
      </SpaceBetween>
    </Container>
  );
}
