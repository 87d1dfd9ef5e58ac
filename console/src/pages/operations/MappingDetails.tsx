import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { count, ms, seconds } from "../../parts/format";
import { hasCheckpoint, partsOf, sourceOf } from "./sources";
import { ResetCheckpoint } from "./ResetCheckpoint";
import type { MappingPart, PolledMapping } from "./types";

const COUNTS: readonly (readonly [string, string])[] = [
  ["polled", "Read"],
  ["filtered_out", "Filtered out"],
  ["invoked", "Handed to the function"],
  ["failed_invoke", "Failed there"],
  ["deleted", "Deleted from the queue"],
  ["dropped", "Given up"],
  ["delivered_on_failure", "Told to the destination"],
];

/** One mapping: what has become of its events, and how far it is in each shard or partition. */
export function MappingDetails({ mapping, onReset, onClose }: { mapping: PolledMapping; onReset: () => void; onClose: () => void }) {
  const [resets, setResets] = useState(false);
  const parts = partsOf(mapping);
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={`${mapping.uuid}. Counts are since polling began${mapping.since_s === null ? "" : `, ${seconds(mapping.since_s)} ago`}.`}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={onClose}>Close</Button>
              {hasCheckpoint(mapping) && <Button onClick={() => { setResets(true); }}>Reset checkpoint</Button>}
            </SpaceBetween>
          }
        >
          {sourceOf(mapping)}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <KeyValuePairs
          columns={4}
          items={[{ label: "Source", value: mapping.source || mapping.kind }, ...COUNTS.map(([id, label]) => ({ label, value: count(mapping.counts[id] ?? 0) }))]}
        />
        {hasCheckpoint(mapping) && (
          <Table<MappingPart>
            variant="embedded"
            items={mapping.parts}
            trackBy="name"
            header={<Header variant="h3" counter={`(${mapping.parts.length})`} description="Beyond AWS.">{parts}</Header>}
            empty={<Box textAlign="center">None is read now.</Box>}
            columnDefinitions={[
              { id: "name", header: parts.slice(0, -1), cell: (part) => part.name, isRowHeader: true },
              { id: "state", header: "State", cell: (part) => part.state },
              { id: "position", header: "Checkpoint", cell: (part) => part.position ?? "–" },
              { id: "waiting", header: "Behind by records", cell: (part) => (part.waiting === null ? "–" : count(part.waiting)) },
              { id: "behind", header: "Behind by time", cell: (part) => ms(part.behind_ms) },
              { id: "rate", header: "Records per second", cell: (part) => count(part.events_per_s) },
            ]}
          />
        )}
      </SpaceBetween>
      {resets && (
        <ResetCheckpoint
          mapping={mapping}
          onCancel={() => { setResets(false); }}
          onDone={() => {
            setResets(false);
            onReset();
          }}
        />
      )}
    </Container>
  );
}
