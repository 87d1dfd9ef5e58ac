import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { lambda } from "../../../api/lambda";
import { encoded } from "../../../api/signature";
import { json } from "../../../api/transport";
import { useAction } from "../../../app/flash";
import { useSession } from "../../../app/session";
import { awsCommand, CliCommand } from "../../../parts/CliCommand";
import type { TabProps } from "../tabs";
import { type Pair, Pairs } from "./Pairs";

/** The function's tags. */
export function Tags({ details, reload }: TabProps) {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const known = details.Tags ?? {};
  const [pairs, setPairs] = useState<Pair[]>(() => Object.entries(known));
  const tags = Object.fromEntries(pairs.filter(([key]) => key));
  const gone = Object.keys(known).filter((key) => !Object.hasOwn(tags, key));
  const commands = [
    awsCommand("lambda tag-resource", { resource: details.Configuration.FunctionArn, tags: JSON.stringify(tags), region }),
    ...gone.map((key) => awsCommand("lambda untag-resource", { resource: details.Configuration.FunctionArn, "tag-keys": key, region })),
  ];
  const save = async () => {
    const path = `/2017-03-31/tags/${encoded(details.Configuration.FunctionArn)}`;
    const done = await run({ doing: "Saving the tags", done: "The tags are saved." }, async () => {
      if (Object.keys(tags).length) await lambda(connection, "POST", path, { body: { Tags: tags } });
      if (gone.length) await json(connection, { service: "lambda", method: "DELETE", path, query: { tagKeys: gone } });
    });
    if (done) reload();
  };
  return (
    <Container header={<Header variant="h2" description="The bill can be grouped by them." actions={<Button loading={busy} onClick={() => void save()}>Save tags</Button>}>Tags</Header>}>
      <SpaceBetween size="m">
        <Pairs pairs={pairs} setPairs={setPairs} what="tag" most={50} />
        <CliCommand command={commands.join("\n")} />
      </SpaceBetween>
    </Container>
  );
}
