import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { own } from "../../api/own";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { CliCommand } from "../../parts/CliCommand";
import { useLoad } from "../../parts/useLoad";
import type { Setting } from "./types";

/** The settings that are in effect; they are changed in lambdad.toml. */
export default function SettingsPage() {
  const { connection } = useSession();
  const [filter, setFilter] = useState("");
  const load = useLoad(() => own<{ settings: Setting[] }>(connection, "GET", "settings"), "settings");
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="In effect now. They are changed in lambdad.toml, by variables or options of the server, and take effect with its next start.">Settings</Header>
      <AsyncPanel load={load} what="The settings could not be read">
        {(found) => {
          const items = found.settings.filter(({ name, what }) => `${name} ${what}`.toLowerCase().includes(filter.toLowerCase()));
          return (
            <Table
              items={items}
              trackBy="name"
              filter={<TextFilter filteringText={filter} filteringAriaLabel="Find settings" filteringPlaceholder="Find settings" countText={`${items.length} found`} onChange={({ detail }) => { setFilter(detail.filteringText); }} />}
              empty={<Box textAlign="center">No setting has such words.</Box>}
              columnDefinitions={[
                { id: "name", header: "Setting", cell: (one) => (one.is_default ? one.name : <Box fontWeight="bold">{one.name}</Box>), isRowHeader: true },
                { id: "value", header: "Value", cell: (one) => `${one.value}${one.unit && one.value !== "-" ? ` ${one.unit}` : ""}` },
                { id: "default", header: "Default", cell: (one) => (one.is_default ? "same" : one.default) },
                { id: "what", header: "Meaning", cell: (one) => one.what },
              ]}
            />
          );
        }}
      </AsyncPanel>
      <CliCommand command={`lambdad doctor --endpoint ${location.origin}`} />
    </SpaceBetween>
  );
}
