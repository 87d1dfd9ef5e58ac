import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { deleteLayerVersion, type LayerVersion, listLayerVersions } from "../../api/layers";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { useLoad } from "../../parts/useLoad";

interface Props {
  name: string;
  /** Read again when it changes. */
  latest: number;
  onChange: () => void;
}

/** The versions of one layer, with the ARN that functions name. */
export function LayerVersions({ name, latest, onChange }: Props) {
  const { connection, region } = useSession();
  const load = useLoad(() => listLayerVersions(connection, name), `${region} ${name} ${latest}`);
  const [doomed, setDoomed] = useState<LayerVersion | null>(null);
  const { busy, run } = useAction();
  return (
    <AsyncPanel load={load} what={`The versions of ${name} could not be read`}>
      {(versions) => (
        <>
          <Table
            items={versions}
            header={<Header variant="h2">Versions of {name}</Header>}
            ariaLabels={{ tableLabel: `Versions of ${name}` }}
            empty={<Box color="inherit">There are none any more.</Box>}
            columnDefinitions={[
              { id: "version", header: "Version", isRowHeader: true, cell: (one) => one.Version },
              { id: "description", header: "Description", cell: (one) => one.Description || "–" },
              {
                id: "arn",
                header: "ARN",
                cell: (one) => (
                  <CopyToClipboard
                    variant="inline"
                    copyButtonAriaLabel={`Copy the ARN of version ${one.Version}`}
                    copyErrorText="Could not be copied"
                    copySuccessText="Copied"
                    textToCopy={one.LayerVersionArn}
                  />
                ),
              },
              {
                id: "delete",
                header: "Actions",
                cell: (one) => (
                  <Button variant="inline-link" ariaLabel={`Delete version ${one.Version}`} onClick={() => { setDoomed(one); }}>Delete</Button>
                ),
              },
            ]}
          />
          {doomed && (
            <ConfirmDelete
              what={`version ${doomed.Version} of ${name}`}
              command={awsCommand("lambda delete-layer-version", { "layer-name": name, "version-number": doomed.Version })}
              busy={busy}
              onCancel={() => { setDoomed(null); }}
              onDelete={() => {
                const words = { doing: `Deleting version ${doomed.Version} of ${name}`, done: `Version ${doomed.Version} of ${name} is deleted.` };
                void run(words, () => deleteLayerVersion(connection, name, doomed.Version)).then(() => {
                  setDoomed(null);
                  load.reload();
                  onChange();
                });
              }}
            >
              Functions that have it keep it; no other can be given it.
            </ConfirmDelete>
          )}
        </>
      )}
    </AsyncPanel>
  );
}
