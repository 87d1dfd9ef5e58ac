import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { lambda } from "../../../../api/lambda";
import { useAction } from "../../../../app/flash";
import { useSession } from "../../../../app/session";
import { awsCommand, CliCommand } from "../../../../parts/CliCommand";
import { ConfirmDelete } from "../../../../parts/ConfirmDelete";
import { ChoiceField } from "../fields";
import { qualified } from "../QualifierChoice";
import { type Cors, corsOf, formOf } from "./cors";
import { CorsFields } from "./CorsFields";
import { letEverybodyIn, publicCommands } from "./publicAccess";

export interface FunctionUrl {
  FunctionUrl: string;
  AuthType: string;
  InvokeMode: string;
  Cors?: Cors;
}

const KINDS = [
  { value: "AWS_IAM", label: "AWS_IAM: callers sign" },
  { value: "NONE", label: "NONE: everybody who reaches the server" },
];
const MODES = [
  { value: "BUFFERED", label: "Buffered: when the answer is whole" },
  { value: "RESPONSE_STREAM", label: "Streamed: as the function writes it" },
];

interface Props {
  name: string;
  qualifier: string;
  /** null when there is none yet. */
  url: FunctionUrl | null;
  path: string;
  changed: () => void;
}

/** Make a URL, or change the one that is there. */
export function UrlForm({ name, qualifier, url, path, changed }: Props) {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const [isDoomed, setDoomed] = useState(false);
  const [auth, setAuth] = useState(url?.AuthType ?? "AWS_IAM");
  const [mode, setMode] = useState(url?.InvokeMode ?? "BUFFERED");
  const [cors, setCors] = useState(() => formOf(url?.Cors));
  const opens = auth === "NONE" && url?.AuthType !== "NONE";
  const given = corsOf(cors);
  // Nothing to take away from a URL that is not there.
  const body = { AuthType: auth, InvokeMode: mode, ...(url || cors.isOn ? { Cors: given } : {}) };
  const save = async () => {
    const words = url
      ? { doing: "Saving the URL", done: "The URL answers so from now on." }
      : { doing: "Making the URL", done: "The function has a URL." };
    const done = await run(words, async () => {
      await lambda(connection, url ? "PUT" : "POST", path, { query: qualified(qualifier), body });
      if (opens) await letEverybodyIn(connection, name, qualifier);
    });
    if (done) changed();
  };
  const command = awsCommand(`lambda ${url ? "update" : "create"}-function-url-config`, {
    "function-name": name,
    qualifier: qualifier || undefined,
    "auth-type": auth,
    "invoke-mode": mode,
    cors: "Cors" in body ? JSON.stringify(given) : undefined,
    region,
  });
  return (
    <SpaceBetween size="m">
      {url && (
        <div>
          <Box variant="awsui-key-label">URL</Box>
          <Link href={url.FunctionUrl} external>{url.FunctionUrl}</Link>
        </div>
      )}
      <ColumnLayout columns={2}>
        <ChoiceField label="Callers" hint="NONE also adds the two statements to the resource policy that let everybody in." options={KINDS} value={auth} set={setAuth} />
        <ChoiceField label="Answers" options={MODES} value={mode} set={setMode} />
      </ColumnLayout>
      <CorsFields form={cors} set={setCors} />
      <SpaceBetween direction="horizontal" size="xs">
        <Button loading={busy} onClick={() => void save()}>{url ? "Save the URL" : "Make a URL"}</Button>
        {url && <Button onClick={() => { setDoomed(true); }}>Remove the URL</Button>}
      </SpaceBetween>
      <CliCommand command={[command, ...(opens ? publicCommands(name, qualifier, region) : [])].join("\n")} />
      {isDoomed && <RemoveUrl name={name} qualifier={qualifier} path={path} changed={changed} onCancel={() => { setDoomed(false); }} />}
    </SpaceBetween>
  );
}

function RemoveUrl({ name, qualifier, path, changed, onCancel }: Omit<Props, "url"> & { onCancel: () => void }) {
  const { connection, region } = useSession();
  const { busy, run, failure } = useAction("here");
  const remove = async () => {
    const words = { doing: "Removing the URL", done: "The URL is gone." };
    if (await run(words, () => lambda(connection, "DELETE", path, { query: qualified(qualifier) }))) {
      onCancel();
      changed();
    }
  };
  return (
    <ConfirmDelete
      verb="Remove"
      what={`the URL of ${qualifier ? `${name}:${qualifier}` : name}`}
      command={awsCommand("lambda delete-function-url-config", { "function-name": name, qualifier: qualifier || undefined, region })}
      busy={busy}
      failure={failure}
      word="remove"
      onCancel={onCancel}
      onDelete={() => void remove()}
    >
      Who calls it is refused from now on. The address is gone for good: a URL that is made later has another one. Statements about
      URLs stay in the resource policy.
    </ConfirmDelete>
  );
}
