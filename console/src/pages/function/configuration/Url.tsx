import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { lambda, pathOf } from "../../../api/lambda";
import { orNothing } from "../../../api/transport";
import { useAction } from "../../../app/flash";
import { useSession } from "../../../app/session";
import { AsyncPanel } from "../../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../../parts/CliCommand";
import { useLoad } from "../../../parts/useLoad";
import type { TabProps } from "../tabs";

interface FunctionUrl {
  FunctionUrl: string;
  AuthType: string;
  InvokeMode: string;
}

const KINDS = [
  { value: "AWS_IAM", label: "AWS_IAM: callers sign" },
  { value: "NONE", label: "NONE: everybody who reaches the server" },
];
const MODES = [
  { value: "BUFFERED", label: "Buffered" },
  { value: "RESPONSE_STREAM", label: "Streamed" },
];

/** The function's URL. */
export function Url({ name, reload }: TabProps) {
  const { connection, region } = useSession();
  const { busy, run } = useAction();
  const [auth, setAuth] = useState("AWS_IAM");
  const [mode, setMode] = useState("BUFFERED");
  const path = pathOf(name, "/url").replace("2015-03-31", "2021-10-31");
  const load = useLoad(() => orNothing(lambda<FunctionUrl>(connection, "GET", path)), `${region} ${name}`);
  const done = () => {
    load.reload();
    reload();
  };
  const create = async () => {
    const made = await run({ doing: "Making the URL", done: "The function has a URL." }, async () => {
      await lambda(connection, "POST", path, { body: { AuthType: auth, InvokeMode: mode } });
      if (auth === "NONE") {
        for (const [id, action, more] of [
          ["FunctionURLAllowPublicAccess", "lambda:InvokeFunctionUrl", { FunctionUrlAuthType: "NONE" }],
          ["FunctionURLInvokeAllowPublicAccess", "lambda:InvokeFunction", { InvokedViaFunctionUrl: true }],
        ] as const) {
          await lambda(connection, "POST", pathOf(name, "/policy"), { body: { StatementId: id, Action: action, Principal: "*", ...more } });
        }
      }
    });
    if (made) done();
  };
  const remove = async () => {
    if (await run({ doing: "Removing the URL", done: "The URL is gone." }, () => lambda(connection, "DELETE", path))) done();
  };
  return (
    <Container header={<Header variant="h2" description="Calls the function by HTTP.">Function URL</Header>}>
      <AsyncPanel load={load} what="The URL could not be read">
        {(url) =>
          url ? (
            <SpaceBetween size="m">
              <KeyValuePairs
                columns={3}
                items={[
                  { label: "URL", value: <Link href={url.FunctionUrl} external>{url.FunctionUrl}</Link> },
                  { label: "Callers", value: url.AuthType },
                  { label: "Answers", value: url.InvokeMode },
                ]}
              />
              <Button loading={busy} onClick={() => void remove()}>Remove the URL</Button>
              <CliCommand command={awsCommand("lambda delete-function-url-config", { "function-name": name, region })} />
            </SpaceBetween>
          ) : (
            <SpaceBetween size="m">
              <FormField label="Callers" description="NONE also adds the two statements to the resource policy that let everybody in.">
                <Select selectedOption={KINDS.find(({ value }) => value === auth) ?? null} options={KINDS} onChange={({ detail }) => { setAuth(detail.selectedOption.value ?? auth); }} />
              </FormField>
              <FormField label="Answers">
                <Select selectedOption={MODES.find(({ value }) => value === mode) ?? null} options={MODES} onChange={({ detail }) => { setMode(detail.selectedOption.value ?? mode); }} />
              </FormField>
              <Button loading={busy} onClick={() => void create()}>Make a URL</Button>
              <CliCommand command={awsCommand("lambda create-function-url-config", { "function-name": name, "auth-type": auth, "invoke-mode": mode, region })} />
            </SpaceBetween>
          )
        }
      </AsyncPanel>
    </Container>
  );
}
