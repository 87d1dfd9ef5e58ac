import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { lambda, pathOf } from "../../../../api/lambda";
import { orNothing } from "../../../../api/transport";
import { useSession } from "../../../../app/session";
import { AsyncPanel } from "../../../../parts/AsyncPanel";
import { useLoad } from "../../../../parts/useLoad";
import type { TabProps } from "../../tabs";
import { qualified, QualifierChoice } from "../QualifierChoice";
import { UrlForm, type FunctionUrl } from "./UrlForm";

/** The URL of the function, and those of its aliases. */
export function Url({ name, reload }: TabProps) {
  const { connection, region } = useSession();
  const [qualifier, setQualifier] = useState("");
  const path = pathOf(name, "/url", "2021-10-31");
  const load = useLoad(
    () => orNothing(lambda<FunctionUrl>(connection, "GET", path, { query: qualified(qualifier) })),
    `${region} ${name} ${qualifier}`,
  );
  const changed = () => {
    load.reload();
    reload();
  };
  return (
    <Container header={<Header variant="h2" description="Calls the function by HTTP.">Function URL</Header>}>
      <SpaceBetween size="m">
        <QualifierChoice name={name} of="URL" value={qualifier} set={setQualifier} hasVersions={false} />
        <AsyncPanel load={load} what="The URL could not be read">
          {(url) => <UrlForm key={`${qualifier} ${JSON.stringify(url)}`} name={name} qualifier={qualifier} url={url} path={path} changed={changed} />}
        </AsyncPanel>
      </SpaceBetween>
    </Container>
  );
}
