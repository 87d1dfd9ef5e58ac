import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { all, type FunctionConfiguration, pathOf } from "../../../api/lambda";
import { useSession } from "../../../app/session";
import { AsyncPanel } from "../../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../../parts/CliCommand";
import { useLoad } from "../../../parts/useLoad";
import type { TabProps } from "../tabs";
import { ChoiceField } from "./fields";
import { useUpdate } from "./useUpdate";

const CHOICES = [
  { value: "None", label: "None: every environment initialises itself" },
  { value: "PublishedVersions", label: "PublishedVersions: environments of versions start from a snapshot" },
];

/** Whether versions are initialised once, when they are published, and how that went. */
export function SnapStart(props: TabProps) {
  const { connection, region } = useSession();
  const { busy, update } = useUpdate(props);
  const { Configuration: known } = props.details;
  const [apply, setApply] = useState(known.SnapStart?.ApplyOn ?? "None");
  const versions = useLoad(
    async () => (await all<FunctionConfiguration>(connection, pathOf(props.name, "/versions"), "Versions")).filter(({ Version, SnapStart: snap }) => Version !== "$LATEST" && snap?.ApplyOn === "PublishedVersions"),
    `${region} ${props.name} ${known.RevisionId}`,
  );
  const save = () => void update({ doing: "Saving SnapStart", done: apply === "None" ? "Versions published from now on have no SnapStart." : "Versions published from now on start from a snapshot." }, { SnapStart: { ApplyOn: apply } });
  return (
    <Container
      header={
        <Header variant="h2" description="Holds for versions that are published from now on; those that are there stay as they are." actions={<Button loading={busy} onClick={save}>Save SnapStart</Button>}>
          SnapStart
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ChoiceField label="Apply on" options={CHOICES} value={apply} set={setApply} />
        <AsyncPanel load={versions} what="The versions with SnapStart could not be read">
          {(found) => (
            <Table
              variant="embedded"
              items={found}
              trackBy="Version"
              empty={<Box textAlign="center">No version has SnapStart.</Box>}
              columnDefinitions={[
                { id: "version", header: "Version", cell: (one) => one.Version, isRowHeader: true },
                { id: "status", header: "Optimisation", cell: (one) => one.SnapStart?.OptimizationStatus ?? "–" },
                { id: "state", header: "State", cell: (one) => [one.State, one.StateReason].filter(Boolean).join(": ") || "–" },
              ]}
            />
          )}
        </AsyncPanel>
        <CliCommand command={awsCommand("lambda update-function-configuration", { "function-name": props.name, "snap-start": `ApplyOn=${apply}`, region })} />
      </SpaceBetween>
    </Container>
  );
}
