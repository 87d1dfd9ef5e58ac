import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import { useState } from "react";
import { all, pathOf } from "../../../api/lambda";
import type { Connection } from "../../../api/transport";
import { useSession } from "../../../app/session";
import type { Option } from "./fields";

const WHOLE: Option = { value: "", label: "The function itself" };

type Status = "pending" | "loading" | "finished" | "error";

async function qualifiers(connection: Connection, name: string, hasVersions: boolean): Promise<Option[]> {
  const aliases = await all<{ Name: string }>(connection, pathOf(name, "/aliases"), "Aliases");
  const versions = hasVersions ? await all<{ Version: string }>(connection, pathOf(name, "/versions"), "Versions") : [];
  return [
    ...aliases.map(({ Name }) => ({ value: Name, label: `Alias ${Name}` })),
    ...versions.filter(({ Version }) => Version !== "$LATEST").map(({ Version }) => ({ value: Version, label: `Version ${Version}` })),
  ];
}

/** Whose settings a panel shows: the function's, an alias's, a version's. What there is, is read when it is opened. */
export function QualifierChoice({ name, of, value, set, hasVersions = true }: {
  name: string;
  /** "Permissions" */
  of: string;
  value: string;
  set: (value: string) => void;
  hasVersions?: boolean;
}) {
  const { connection } = useSession();
  const [found, setFound] = useState<Option[]>([]);
  const [status, setStatus] = useState<Status>("pending");
  const read = async () => {
    setStatus("loading");
    try {
      setFound(await qualifiers(connection, name, hasVersions));
      setStatus("finished");
    } catch {
      setStatus("error");
    }
  };
  const options = [WHOLE, ...found];
  return (
    <FormField label={`${of} of`}>
      <Select
        selectedOption={options.find((one) => one.value === value) ?? null}
        options={options}
        statusType={status}
        loadingText="Reading versions and aliases"
        errorText="They could not be read."
        recoveryText="Try again"
        onLoadItems={() => void read()}
        onChange={({ detail }) => { set(detail.selectedOption.value ?? ""); }}
      />
    </FormField>
  );
}

/** A query for a qualifier; none for the function as a whole. */
export const qualified = (qualifier: string) => ({ Qualifier: qualifier || undefined });
