import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { logs } from "../../api/logs";
import type { Connection } from "../../api/transport";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { bytes, moment } from "../../parts/format";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";

interface Group {
  logGroupName: string;
  creationTime: number;
  retentionInDays?: number;
  storedBytes: number;
}

async function groupsOf(connection: Connection, words: string): Promise<Group[]> {
  const found: Group[] = [];
  let nextToken: string | undefined;
  do {
    const page: { logGroups: Group[]; nextToken?: string } = await logs(connection, "DescribeLogGroups", {
      ...(words ? { logGroupNamePattern: words } : {}),
      ...(nextToken ? { nextToken } : {}),
    });
    found.push(...page.logGroups);
    nextToken = page.nextToken;
  } while (nextToken && found.length < 1_000);
  return found;
}

/** Every log group of the region. */
export default function LogGroups() {
  const { connection, region } = useSession();
  const [typed, setTyped] = useState("");
  const [words, setWords] = useState("");
  const load = useLoad(() => groupsOf(connection, words), `${region} ${words}`);
  return (
    <SpaceBetween size="l">
      <Header variant="h1">Log groups</Header>
      <TextFilter filteringText={typed} filteringAriaLabel="Find log groups" filteringPlaceholder="Part of a name" onDelayedChange={({ detail }) => { setWords(detail.filteringText); }} onChange={({ detail }) => { setTyped(detail.filteringText); }} />
      <AsyncPanel load={load} what="The log groups could not be read">
        {(groups) => (
          <Table
            items={groups}
            trackBy="logGroupName"
            empty={<Box textAlign="center">No log group has such a name.</Box>}
            columnDefinitions={[
              { id: "name", header: "Log group", cell: (one) => <PageLink to={`/logs/${encodeURIComponent(one.logGroupName)}`}>{one.logGroupName}</PageLink>, isRowHeader: true },
              { id: "size", header: "Size", cell: (one) => bytes(one.storedBytes) },
              { id: "retention", header: "Retention", cell: (one) => (one.retentionInDays ? `${one.retentionInDays} days` : "for ever") },
              { id: "created", header: "Created", cell: (one) => moment(one.creationTime) },
            ]}
          />
        )}
      </AsyncPanel>
    </SpaceBetween>
  );
}
