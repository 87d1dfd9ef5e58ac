import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import { useEffect, useRef } from "react";
import { all, type FunctionConfiguration, lambda, type Mapping, pathOf } from "../../api/lambda";
import { type Connection, orNothing } from "../../api/transport";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";
import { type Destinations, targetsOf, triggersOf } from "./around";

async function around(connection: Connection, name: string) {
  const [mappings, policy, url, events] = await Promise.all([
    all<Mapping>(connection, "/2015-03-31/event-source-mappings/", "EventSourceMappings", { FunctionName: name }),
    orNothing(lambda<{ Policy: string }>(connection, "GET", pathOf(name, "/policy"))),
    orNothing(lambda<{ FunctionUrl: string; AuthType: string }>(connection, "GET", pathOf(name, "/url", "2021-10-31"))),
    orNothing(lambda<Destinations>(connection, "GET", pathOf(name, "/event-invoke-config", "2019-09-25"))),
  ]);
  return { triggers: triggersOf(mappings, policy?.Policy ?? null), url, targets: targetsOf(events) };
}

/** What calls the function, and who hears of its ends. */
export function Overview({ name, configuration }: { name: string; configuration: FunctionConfiguration }) {
  const { connection, region } = useSession();
  const load = useLoad(() => around(connection, name), `${region} ${name}`);
  const { reload } = load;
  const seen = useRef(configuration);
  useEffect(() => {
    // The function was read again: what surrounds it may be other, too.
    if (seen.current !== configuration) reload();
    seen.current = configuration;
  }, [configuration, reload]);
  return (
    <Container header={<Header variant="h2">Overview</Header>}>
      <ColumnLayout columns={3} variant="text-grid">
        <div>
          <Box variant="awsui-key-label">Triggers</Box>
          <AsyncPanel load={load} what="The triggers could not be read">
            {({ triggers, url }) => (
              <ul className="plain">
                {triggers.map(({ service, what }) => <li key={service + what}>{service}: {what}</li>)}
                {url && <li>URL ({url.AuthType}): <Link href={url.FunctionUrl} external>{url.FunctionUrl}</Link></li>}
                {triggers.length === 0 && !url && <li>Nothing calls it but you.</li>}
              </ul>
            )}
          </AsyncPanel>
        </div>
        <div>
          <Box variant="awsui-key-label">Function</Box>
          <Box>{configuration.Runtime ?? configuration.PackageType} · {configuration.Architectures?.[0]} · {configuration.MemorySize} MB</Box>
          <CopyToClipboard variant="inline" textToCopy={configuration.FunctionArn} copyButtonAriaLabel="Copy the ARN" copySuccessText="Copied" copyErrorText="Could not be copied" />
          <Box variant="small" display="block">{configuration.Layers?.length ?? 0} layers</Box>
        </div>
        <div>
          <Box variant="awsui-key-label">Destinations</Box>
          <AsyncPanel load={load} what="The destinations could not be read">
            {({ targets }) => (
              <ul className="plain">
                {[...targets, ...(configuration.DeadLetterConfig?.TargetArn ? [`Dead letters: ${configuration.DeadLetterConfig.TargetArn}`] : [])].map((text) => <li key={text}>{text}</li>)}
                {targets.length === 0 && !configuration.DeadLetterConfig?.TargetArn && <li>Nobody is told.</li>}
              </ul>
            )}
          </AsyncPanel>
          <PageLink to={`/functions/${encodeURIComponent(name)}/configuration`}>Configure</PageLink>
        </div>
      </ColumnLayout>
    </Container>
  );
}
