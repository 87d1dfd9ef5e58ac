import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { TableProps } from "@cloudscape-design/components/table";
import { own } from "../../api/own";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { CliCommand } from "../../parts/CliCommand";
import { FoundTable } from "../../parts/FoundTable";
import { useLoad } from "../../parts/useLoad";
import type { Setting } from "./types";

const COLUMNS: TableProps.ColumnDefinition<Setting>[] = [
  { id: "name", header: "Setting", cell: (one) => (one.is_default ? one.name : <Box fontWeight="bold">{one.name}</Box>), isRowHeader: true },
  { id: "value", header: "Value", cell: (one) => `${one.value}${one.unit && one.value !== "-" ? ` ${one.unit}` : ""}` },
  { id: "default", header: "Default", cell: (one) => (one.is_default ? "same" : one.default) },
  { id: "what", header: "Meaning", cell: (one) => one.what },
];

/** The settings that are in effect; they are changed in lambdad.toml. */
export default function SettingsPage() {
  const { connection } = useSession();
  const load = useLoad(() => own<{ settings: Setting[] }>(connection, "GET", "settings"), "settings");
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="In effect now. They are changed in lambdad.toml, by variables or options of the server, and take effect with its next start.">Settings</Header>
      <AsyncPanel load={load} what="The settings could not be read">
        {(found) => (
          <FoundTable
            items={found.settings}
            trackBy="name"
            wordsOf={({ name, what }) => `${name} ${what}`}
            what="settings"
            columnDefinitions={COLUMNS}
          />
        )}
      </AsyncPanel>
      <CliCommand command="lambdad doctor" />
    </SpaceBetween>
  );
}
