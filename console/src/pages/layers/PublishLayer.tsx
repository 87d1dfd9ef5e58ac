import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Multiselect from "@cloudscape-design/components/multiselect";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { publishLayerVersion } from "../../api/layers";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { base64 } from "../functions/archive";
import { ZipChoice } from "../functions/CodeChoice";
import { RUNTIMES } from "../functions/runtimes";
import { codeOf } from "../functions/zipFile";

const OPTIONS = RUNTIMES.map(({ id, text }) => ({ value: id, label: text }));
const NAME = /^[a-zA-Z0-9-_]{1,140}$/;

/** Publishes a version of a layer out of a .zip file. */
export function PublishLayer({ name: first, onEnd }: { name: string; onEnd: () => void }) {
  const { connection } = useSession();
  const { busy, run } = useAction();
  const [name, setName] = useState(first);
  const [runtimes, setRuntimes] = useState<string[]>([]);
  const [files, setFiles] = useState<File[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const isNamed = NAME.test(name);

  const publish = async () => {
    setTried(true);
    const zipped = await codeOf(files[0], setProblem);
    if (!zipped || !isNamed) return;
    const words = { doing: `Publishing ${name}`, done: `A version of ${name} is published.` };
    const body = { Content: { ZipFile: base64(zipped) }, ...(runtimes.length ? { CompatibleRuntimes: runtimes } : {}) };
    if (await run(words, () => publishLayerVersion(connection, name, body))) onEnd();
  };

  return (
    <Modal
      visible
      onDismiss={onEnd}
      header="Publish a version of a layer"
      closeAriaLabel="Cancel"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onEnd}>Cancel</Button>
            <Button variant="primary" loading={busy} onClick={() => void publish()}>Publish</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <FormField label="Layer name" errorText={tried && !isNamed ? "Letters, digits, hyphens and underscores, at most 140." : null}>
          <Input value={name} spellcheck={false} onChange={({ detail }) => { setName(detail.value.trim()); }} />
        </FormField>
        <ZipChoice
          files={files}
          problem={problem}
          onChange={(next) => {
            setFiles(next);
            setProblem(null);
          }}
        />
        <Box variant="small">What is in it is found below /opt: Python looks in python/, Node.js in nodejs/node_modules/.</Box>
        <FormField label={<>Compatible runtimes <i>- optional</i></>}>
          <Multiselect
            options={OPTIONS}
            selectedOptions={OPTIONS.filter(({ value }) => runtimes.includes(value))}
            placeholder="Any"
            deselectAriaLabel={(option) => `Remove ${option.label ?? ""}`}
            onChange={({ detail }) => { setRuntimes(detail.selectedOptions.flatMap(({ value }) => value ?? [])); }}
          />
        </FormField>
        <CliCommand command={awsCommand("lambda publish-layer-version", { "layer-name": name || "NAME", "zip-file": "fileb://layer.zip" })} />
      </SpaceBetween>
    </Modal>
  );
}
