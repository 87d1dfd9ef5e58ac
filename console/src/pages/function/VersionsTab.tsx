import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { all, type FunctionConfiguration, lambda, pathOf } from "../../api/lambda";
import { encoded } from "../../api/signature";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { moment } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";
import { DeleteQualifier, type Doomed } from "./DeleteQualifier";
import type { TabProps } from "./tabs";

interface Alias {
  Name: string;
  FunctionVersion: string;
  Description: string;
  RoutingConfig?: { AdditionalVersionWeights?: Record<string, number> };
}

/** What was published of the function, and the names that point there. */
export default function VersionsTab({ name }: TabProps) {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const key = `${region} ${name}`;
  const versions = useLoad(() => all<FunctionConfiguration>(connection, pathOf(name, "/versions"), "Versions"), key);
  const aliases = useLoad(() => all<Alias>(connection, pathOf(name, "/aliases"), "Aliases"), key);
  const [alias, setAlias] = useState("");
  const [version, setVersion] = useState("$LATEST");
  const [other, setOther] = useState("");
  const [weight, setWeight] = useState("10");
  const numbers = (versions.value ?? []).map(({ Version }) => ({ value: Version, label: Version }));
  const options = [{ value: "", label: "none" }, ...numbers.filter(({ value }) => value !== "$LATEST")];

  const publish = async () => {
    const words = { doing: `Publishing ${name}`, done: "The version is published." };
    if (await run(words, () => lambda(connection, "POST", pathOf(name, "/versions"), { body: {} }))) versions.reload();
  };
  const put = async () => {
    const exists = aliases.value?.some(({ Name }) => Name === alias) ?? false;
    const body = {
      ...(exists ? {} : { Name: alias }),
      FunctionVersion: version,
      RoutingConfig: { AdditionalVersionWeights: other ? { [other]: Number(weight) / 100 } : {} },
    };
    const words = { doing: `Pointing ${alias}`, done: `Alias ${alias} points to ${version}${other ? ` and, for ${weight} % of calls, to ${other}` : ""}.` };
    const path = pathOf(name, exists ? `/aliases/${encoded(alias)}` : "/aliases");
    if (await run(words, () => lambda(connection, exists ? "PUT" : "POST", path, { body }))) aliases.reload();
  };
  const [doomed, setDoomed] = useState<Doomed | null>(null);

  return (
    <SpaceBetween size="l">
      <AsyncPanel load={versions} what="The versions could not be read">
        {(found) => (
          <Table
            items={found}
            trackBy="Version"
            header={<Header variant="h2" counter={`(${found.length - 1})`} description="Publishing keeps code and configuration as they are now." actions={<Button loading={busy} onClick={() => void publish()}>Publish new version</Button>}>Versions</Header>}
            columnDefinitions={[
              { id: "version", header: "Version", cell: (one) => one.Version, isRowHeader: true },
              { id: "modified", header: "Last modified", cell: (one) => moment(one.LastModified) },
              { id: "runtime", header: "Runtime", cell: (one) => one.Runtime ?? "–" },
              { id: "sha", header: "Code", cell: (one) => one.CodeSha256.slice(0, 12) },
              { id: "state", header: "State", cell: (one) => one.State ?? "–" },
              {
                id: "actions",
                header: "Actions",
                cell: ({ Version: one }) => one !== "$LATEST" && <Button ariaLabel={`Delete version ${one}`} onClick={() => { setDoomed({ version: one }); }}>Delete</Button>,
              },
            ]}
            footer={<CliCommand command={awsCommand("lambda publish-version", { "function-name": name, region })} />}
          />
        )}
      </AsyncPanel>
      <AsyncPanel load={aliases} what="The aliases could not be read">
        {(found) => (
          <Table
            items={found}
            trackBy="Name"
            header={<Header variant="h2" counter={`(${found.length})`}>Aliases</Header>}
            empty={<Box textAlign="center">No name points to a version.</Box>}
            columnDefinitions={[
              { id: "name", header: "Alias", cell: (one) => one.Name, isRowHeader: true },
              { id: "version", header: "Version", cell: (one) => one.FunctionVersion },
              {
                id: "weights",
                header: "Additional version",
                cell: (one) => Object.entries(one.RoutingConfig?.AdditionalVersionWeights ?? {}).map(([also, share]) => `${also}: ${(share * 100).toFixed(0)} %`).join(", ") || "–",
              },
              { id: "actions", header: "Actions", cell: (one) => <Button ariaLabel={`Delete alias ${one.Name}`} onClick={() => { setDoomed({ alias: one.Name, version: one.FunctionVersion }); }}>Delete</Button> },
            ]}
            footer={
              <SpaceBetween size="s">
                <SpaceBetween direction="horizontal" size="s">
                  <FormField label="Alias"><Input value={alias} spellcheck={false} onChange={({ detail }) => { setAlias(detail.value.trim()); }} /></FormField>
                  <FormField label="Version"><Select selectedOption={{ value: version, label: version }} options={numbers} onChange={({ detail }) => { setVersion(detail.selectedOption.value ?? version); }} /></FormField>
                  <FormField label="Additional version"><Select selectedOption={options.find(({ value }) => value === other) ?? null} options={options} onChange={({ detail }) => { setOther(detail.selectedOption.value ?? ""); }} /></FormField>
                  <FormField label="Its share (%)"><Input type="number" value={weight} disabled={!other} onChange={({ detail }) => { setWeight(detail.value); }} /></FormField>
                </SpaceBetween>
                <Button loading={busy} disabled={!alias} onClick={() => void put()}>Point the alias</Button>
                <CliCommand command={awsCommand("lambda create-alias", { "function-name": name, name: alias || "NAME", "function-version": version, "routing-config": other ? `AdditionalVersionWeights={${other}=${Number(weight) / 100}}` : undefined, region })} />
              </SpaceBetween>
            }
          />
        )}
      </AsyncPanel>
      {doomed && (
        <DeleteQualifier
          key={doomed.alias ?? doomed.version}
          name={name}
          doomed={doomed}
          onClose={() => { setDoomed(null); }}
          onGone={() => { (doomed.alias === undefined ? versions : aliases).reload(); }}
        />
      )}
    </SpaceBetween>
  );
}
