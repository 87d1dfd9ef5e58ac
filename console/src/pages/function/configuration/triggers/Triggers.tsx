import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { all, lambda, type Mapping, pathOf } from "../../../../api/lambda";
import { orNothing } from "../../../../api/transport";
import { useSession } from "../../../../app/session";
import { AsyncPanel } from "../../../../parts/AsyncPanel";
import { useLoad } from "../../../../parts/useLoad";
import type { TabProps } from "../../tabs";
import { qualified, QualifierChoice } from "../QualifierChoice";
import { AddTrigger } from "./AddTrigger";
import { targetOf } from "./callers/kinds";
import { Callers, callersIn } from "./Callers";
import { Mappings } from "./Mappings";
import { MAPPINGS } from "./sources";

const EVERY_MS = 5_000;

/** What makes the function run: sources that are read for it, and services that call it. */
export function Triggers({ name, details, reload }: TabProps) {
  const { connection, region } = useSession();
  const [qualifier, setQualifier] = useState("");
  const [isAdding, setAdding] = useState(false);
  const key = `${region} ${name} ${qualifier}`;
  const mappings = useLoad(
    () => all<Mapping>(connection, MAPPINGS, "EventSourceMappings", { FunctionName: qualifier ? `${name}:${qualifier}` : name }),
    key,
    EVERY_MS,
  );
  const policy = useLoad(
    async () => (await orNothing(lambda<{ Policy: string }>(connection, "GET", pathOf(name, "/policy"), { query: qualified(qualifier) })))?.Policy ?? "",
    `${key} ${details.Configuration.RevisionId}`,
  );
  const changed = () => {
    mappings.reload();
    policy.reload();
    reload();
  };
  const target = targetOf(details.Configuration.FunctionArn, qualifier);
  return (
    <Container header={<Header variant="h2" actions={<Button onClick={() => { setAdding(true); }}>Add trigger</Button>}>Triggers</Header>}>
      <SpaceBetween size="m">
        <QualifierChoice name={name} of="Triggers" value={qualifier} set={setQualifier} />
        <AsyncPanel load={mappings} what="The queues and streams could not be read">
          {(found) => <Mappings mappings={found} changed={changed} />}
        </AsyncPanel>
        <AsyncPanel load={policy} what="The services that call it could not be read">
          {(text) => <Callers callers={callersIn(text)} owner={{ name, qualifier }} target={target} changed={changed} />}
        </AsyncPanel>
      </SpaceBetween>
      {isAdding && <AddTrigger name={name} qualifier={qualifier} target={target} changed={changed} onClose={() => { setAdding(false); }} />}
    </Container>
  );
}
