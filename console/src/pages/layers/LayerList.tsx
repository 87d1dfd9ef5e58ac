import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { type Layer, listLayers } from "../../api/layers";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { ago, moment } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";
import { runtimeText } from "../functions/runtimes";
import { LayerVersions } from "./LayerVersions";
import { PublishLayer } from "./PublishLayer";

/** Every layer of the region, and the versions of the one that is chosen. */
export default function LayerList() {
  const { connection, region } = useSession();
  const load = useLoad(() => listLayers(connection), `layers ${region}`);
  const [marked, mark] = useState("");
  const [text, setText] = useState("");
  const [publishes, setPublishes] = useState(false);
  const chosen = load.value?.find((one) => one.LayerArn === marked);
  const matching = (load.value ?? []).filter((one) => one.LayerName.toLowerCase().includes(text.trim().toLowerCase()));
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        counter={load.value ? `(${load.value.length})` : ""}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="refresh" ariaLabel="Read the list again" loading={load.isLoading} onClick={load.reload} />
            <Button variant="primary" onClick={() => { setPublishes(true); }}>Publish a version</Button>
          </SpaceBetween>
        }
      >
        Layers
      </Header>
      <AsyncPanel load={load} what="The layers could not be read">
        {() => (
          <Table
            items={matching}
            trackBy="LayerArn"
            selectionType="single"
            selectedItems={chosen ? [chosen] : []}
            onSelectionChange={({ detail }) => { mark(detail.selectedItems[0]?.LayerArn ?? ""); }}
            ariaLabels={{ selectionGroupLabel: "Layers", itemSelectionLabel: (_, one) => one.LayerName, tableLabel: "Layers" }}
            columnDefinitions={COLUMNS}
            filter={
              <TextFilter
                filteringText={text}
                filteringPlaceholder="Find layers by name"
                filteringAriaLabel="Find layers"
                filteringClearAriaLabel="Clear"
                onChange={({ detail }) => { setText(detail.filteringText); }}
              />
            }
            empty={<Box color="inherit">{text ? "No layer matches." : "There are no layers in this region yet."}</Box>}
          />
        )}
      </AsyncPanel>
      {chosen && <LayerVersions key={chosen.LayerArn} name={chosen.LayerName} latest={chosen.LatestMatchingVersion.Version} onChange={load.reload} />}
      {publishes && (
        <PublishLayer
          name={chosen?.LayerName ?? ""}
          onEnd={() => {
            setPublishes(false);
            load.reload();
          }}
        />
      )}
    </SpaceBetween>
  );
}

const COLUMNS = [
  { id: "name", header: "Layer", isRowHeader: true, cell: (one: Layer) => one.LayerName },
  { id: "version", header: "Latest version", cell: (one: Layer) => one.LatestMatchingVersion.Version },
  {
    id: "runtimes",
    header: "Compatible runtimes",
    cell: ({ LatestMatchingVersion: { CompatibleRuntimes } }: Layer) => CompatibleRuntimes?.map(runtimeText).join(", ") || "any",
  },
  {
    id: "created",
    header: "Published",
    cell: ({ LatestMatchingVersion: { CreatedDate } }: Layer) => {
      const at = CreatedDate.replace(/\+0000$/, "Z");
      return <span title={moment(at)}>{ago(at)}</span>;
    },
  },
];
