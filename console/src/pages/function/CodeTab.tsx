import Alert from "@cloudscape-design/components/alert";
import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FileUpload from "@cloudscape-design/components/file-upload";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { getFunction, lambda, pathOf } from "../../api/lambda";
import { ApiError, type Connection } from "../../api/transport";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { bytes, moment } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";
import { base64, problemOfZip } from "../functions/archive";
import { draftKey, useDraft } from "./drafts";
import { FileTree } from "./FileTree";
import { changed, type Files, packed, unpacked } from "./files";
import { settled } from "./settled";
import type { TabProps } from "./tabs";

async function codeOf(connection: Connection, name: string, signal: AbortSignal): Promise<Files> {
  const { Code } = await getFunction(connection, name); // a link of now: it ends after ten minutes
  if (!Code.Location) throw new ApiError("NoCode", "The code of this function is not kept here.", 404, "");
  const { pathname, search } = new URL(Code.Location);
  const response = await fetch(pathname + search, { signal });
  if (!response.ok) throw new ApiError("NoCode", `The code could not be read (${response.status}).`, response.status, "");
  try {
    return unpacked(new Uint8Array(await response.arrayBuffer()));
  } catch (error) {
    throw new ApiError("NotEditable", (error as Error).message, 200, "");
  }
}

/** The function's files, to read and to change. */
export default function CodeTab({ name, details, reload }: TabProps) {
  const { connection, region, identity } = useSession();
  const { busy, run } = useAction();
  const configuration = details.Configuration;
  const load = useLoad((signal) => codeOf(connection, name, signal), `${region} ${name} ${configuration.CodeSha256}`);
  const [draft, setDraft] = useDraft(draftKey(identity.arn, region, name));
  const [upload, setUpload] = useState<File[]>([]);
  const [uploadProblem, setUploadProblem] = useState<string | null>(null);
  const [round, setRound] = useState(0);

  // The code may have been changed by somebody else since.
  const before = draft?.before ?? load.value;
  const edited = draft?.files ?? null;
  const changes = before && edited ? changed(before, edited) : new Set<string>();
  const isChanged = changes.size > 0;
  const isBehind = isChanged && draft !== null && draft.sha !== configuration.CodeSha256;
  const edit = (files: Files) => {
    if (!before) return;
    const isAsBefore = changed(before, files).size === 0;
    setDraft(isAsBefore ? null : { before, sha: draft?.sha ?? configuration.CodeSha256, files });
  };

  const deploy = async (archive: () => Promise<Uint8Array>) => {
    const words = { doing: `Deploying ${name}`, done: `${name} runs the new code.` };
    return run(words, async () => {
      const body = { ZipFile: base64(await archive()), RevisionId: configuration.RevisionId };
      try {
        await lambda(connection, "PUT", pathOf(name, "/code"), { body });
      } catch (error) {
        if (error instanceof ApiError && error.status === 412) {
          // Somebody else was faster: what they did is told, once it is done; an update that ends is a revision more.
          await settled(connection, name).catch(() => null);
          reload();
        }
        throw error;
      }
      await settled(connection, name);
    });
  };
  const deployFiles = async () => {
    if (!(await deploy(() => Promise.resolve(packed(edited ?? new Map()))))) return;
    setDraft(null);
    reload();
  };
  const deployUpload = async () => {
    if (!(await deploy(async () => new Uint8Array(await (upload[0] as File).arrayBuffer())))) return;
    setUpload([]);
    reload();
  };

  const choose = async (files: File[]) => {
    setUpload(files);
    const [file] = files;
    setUploadProblem(file ? problemOfZip(file.name, file.size, new Uint8Array(await file.slice(0, 4).arrayBuffer())) : null);
  };

  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h2"
            description="Deploy replaces the code of $LATEST: the next invocations run it."
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                {isChanged && <Badge color="severity-medium">{changes.size} not deployed</Badge>}
                <Button disabled={!isChanged} onClick={() => { setDraft(null); setRound((count) => count + 1); }}>Discard</Button>
                <Button
                  variant="primary"
                  disabled={!isChanged || !edited}
                  loading={busy}
                  onClick={() => void deployFiles()}
                >
                  Deploy
                </Button>
              </SpaceBetween>
            }
          >
            Code source
          </Header>
        }
      >
        <AsyncPanel load={load} what="The code cannot be shown">
          {(files) => (
            <SpaceBetween size="s">
              {isBehind && <Alert type="warning">The code was changed elsewhere since you began. Deploy replaces it with what is here; Discard shows it.</Alert>}
              <FileTree key={`${round} ${configuration.CodeSha256}`} files={edited ?? files} changes={changes} onChange={edit} handler={configuration.Handler} />
            </SpaceBetween>
          )}
        </AsyncPanel>
      </Container>
      <Container header={<Header variant="h2">Upload a .zip file</Header>}>
        <SpaceBetween size="s">
          <FileUpload
            value={upload}
            onChange={({ detail }) => { void choose(detail.value); }}
            errorText={uploadProblem}
            accept=".zip"
            showFileSize
            i18nStrings={{
              uploadButtonText: () => "Choose a file",
              dropzoneText: () => "Drop a .zip file here",
              removeFileAriaLabel: () => "Remove the file",
              limitShowFewer: "Show fewer",
              limitShowMore: "Show more",
              errorIconAriaLabel: "Error",
            }}
          />
          <Button
            disabled={upload.length === 0 || uploadProblem !== null}
            loading={busy}
            onClick={() => void deployUpload()}
          >
            Replace the code
          </Button>
          <CliCommand command={awsCommand("lambda update-function-code", { "function-name": name, "zip-file": "fileb://function.zip", region })} />
        </SpaceBetween>
      </Container>
      <Container header={<Header variant="h2">Properties</Header>}>
        <KeyValuePairs
          columns={4}
          items={[
            { label: "Size", value: bytes(configuration.CodeSize) },
            { label: "SHA-256", value: configuration.CodeSha256 },
            { label: "Last modified", value: moment(configuration.LastModified) },
            { label: "Handler", value: configuration.Handler ?? "–" },
          ]}
        />
      </Container>
    </SpaceBetween>
  );
}
