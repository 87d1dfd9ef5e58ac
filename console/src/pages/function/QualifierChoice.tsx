import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import { all, type FunctionConfiguration, pathOf } from "../../api/lambda";
import { useSession } from "../../app/session";
import { useLoad } from "../../parts/useLoad";

/** Which version is meant: $LATEST, one that was published, or that of an alias. */
export function QualifierChoice({ name, chosen, onChoose }: { name: string; chosen: string; onChoose: (qualifier: string) => void }) {
  const { connection, region } = useSession();
  const key = `${region} ${name}`;
  const versions = useLoad(() => all<FunctionConfiguration>(connection, pathOf(name, "/versions"), "Versions"), key);
  const aliases = useLoad(() => all<{ Name: string; FunctionVersion: string }>(connection, pathOf(name, "/aliases"), "Aliases"), key);
  const latest = { value: "$LATEST", label: "$LATEST" };
  const numbers = (versions.value ?? []).filter(({ Version }) => Version !== "$LATEST").map(({ Version }) => ({ value: Version, label: Version }));
  const names = (aliases.value ?? []).map(({ Name, FunctionVersion }) => ({ value: Name, label: Name, description: `Version ${FunctionVersion}` }));
  const failed = versions.error ?? aliases.error;
  return (
    <FormField label="Version or alias" errorText={failed && `What there is besides $LATEST could not be read: ${failed.message}`}>
      <Select
        selectedOption={[latest, ...numbers, ...names].find(({ value }) => value === chosen) ?? { value: chosen, label: chosen }}
        options={[latest, { label: "Versions", options: numbers }, { label: "Aliases", options: names }]}
        filteringType="auto"
        onChange={({ detail }) => { onChoose(detail.selectedOption.value ?? "$LATEST"); }}
      />
    </FormField>
  );
}
