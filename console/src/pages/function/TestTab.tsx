import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Toggle from "@cloudscape-design/components/toggle";
import { lazy, Suspense, useState } from "react";
import { invoke, type Invoked } from "../../api/lambda";
import { ApiError } from "../../api/transport";
import { useSession } from "../../app/session";
import { Problem } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { ms } from "../../parts/format";
import { pretty, Printed } from "../../parts/Printed";
import { invokeStreaming } from "./streaming";
import { QualifierChoice } from "./configuration/QualifierChoice";
import { reportIn } from "./report";
import { keepEvents, keptEvents, problemOfEventName } from "./savedEvents";
import type { TabProps } from "./tabs";
import { TEMPLATES } from "./templates";

const HEADERS: Record<string, string> = { BrokenOff: "The response broke off", NoRoom: "The event is not saved" };
const FIRST = "template:Hello world";
const Editor = lazy(() => import("./Editor"));

/** Calls the function with an event, and shows what came of it. */
export default function TestTab({ name }: TabProps) {
  const { connection, region, identity } = useSession();
  const owner = `${identity.account} ${region} ${name}`;
  const [saved, setSaved] = useState(() => keptEvents(owner));
  const [chosen, setChosen] = useState(FIRST);
  const [round, setRound] = useState(0);
  const [event, setEvent] = useState(JSON.stringify(TEMPLATES["Hello world"], null, 2));
  const [label, setLabel] = useState("");
  const [streams, setStreams] = useState(false);
  const [qualifier, setQualifier] = useState("");
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Invoked | null>(null);
  const [partial, setPartial] = useState<string | null>(null);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const wrong = problemOf(event);

  const savedName = chosen.startsWith("saved:") ? chosen.slice("saved:".length) : null;
  const options = [
    { label: "Saved in this browser", options: Object.keys(saved).map((one) => ({ value: `saved:${one}`, label: one })) },
    { label: "Templates", options: Object.keys(TEMPLATES).map((one) => ({ value: `template:${one}`, label: one })) },
  ];

  const choose = (next: string) => {
    const name = next.slice(next.indexOf(":") + 1);
    const isSaved = next.startsWith("saved:");
    setChosen(next);
    setLabel(isSaved ? name : "");
    setEvent((isSaved ? saved[name] : undefined) ?? JSON.stringify(TEMPLATES[name] ?? {}, null, 2));
    setRound((count) => count + 1);
  };
  const keep = (events: Record<string, string>) => {
    setFailure(keepEvents(owner, events) ? null : new ApiError("NoRoom", "The browser has no room for it: remove saved events, or shorten this one.", 200, ""));
    setSaved(keptEvents(owner));
  };
  const test = async () => {
    setBusy(true);
    setFailure(null);
    setResult(null);
    setPartial(null);
    try {
      setResult(streams ? await invokeStreaming(connection, name, qualifier, event, setPartial) : await invoke(connection, name, qualifier, event));
    } catch (error) {
      setFailure(error instanceof ApiError ? error : new ApiError("ConsoleError", String(error), 0, ""));
    }
    setPartial(null);
    setBusy(false);
  };

  return (
    <SpaceBetween size="l">
      {failure && <Problem error={failure} what={HEADERS[failure.code] ?? "The function could not be called"} />}
      {partial !== null && (
        <Container header={<Header variant="h2">Response, as it comes</Header>}><Printed text={partial} label="Response so far" /></Container>
      )}
      {result && <Result result={result} />}
      <Container
        header={
          <Header
            variant="h2"
            description="Test calls the function now, as any caller would."
            actions={<Button variant="primary" loading={busy} disabled={wrong !== null} onClick={() => void test()}>Test</Button>}
          >
            Test event
          </Header>
        }
      >
        <SpaceBetween size="m">
          <FormField label="Event">
            <Select
              filteringType="auto"
              selectedOption={options.flatMap((group) => group.options).find(({ value }) => value === chosen) ?? null}
              options={options}
              onChange={({ detail }) => { choose(detail.selectedOption.value ?? FIRST); }}
            />
          </FormField>
          <QualifierChoice name={name} of="Test" value={qualifier} set={setQualifier} />
          <Toggle checked={streams} onChange={({ detail }) => { setStreams(detail.checked); }}>Show the response while it streams</Toggle>
          <Suspense fallback={<StatusIndicator type="loading">Loading the editor</StatusIndicator>}>
            <Editor path={`${round}.json`} text={event} label="Event JSON" onChange={setEvent} />
          </Suspense>
          {wrong && <StatusIndicator type="error">{wrong}</StatusIndicator>}
          <FormField errorText={label ? problemOfEventName(label) : null}>
            <SpaceBetween direction="horizontal" size="xs">
              <Input value={label} placeholder="Name of the event" ariaLabel="Name of the event" onChange={({ detail }) => { setLabel(detail.value.trim()); }} />
              <Button disabled={problemOfEventName(label) !== null || wrong !== null} onClick={() => { keep({ ...saved, [label]: event }); setChosen(`saved:${label}`); }}>Save</Button>
              <Button
                disabled={savedName === null}
                onClick={() => {
                  keep(Object.fromEntries(Object.entries(saved).filter(([one]) => one !== savedName)));
                  choose(FIRST);
                }}
              >
                Remove
              </Button>
            </SpaceBetween>
          </FormField>
          <CliCommand
            command={`${awsCommand("lambda invoke", { "function-name": name, qualifier: qualifier || undefined, "cli-binary-format": "raw-in-base64-out", payload: event.length < 2_000 ? event : "file://event.json", region })} \\\n    answer.json`}
          />
        </SpaceBetween>
      </Container>
    </SpaceBetween>
  );
}

function problemOf(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `The event is not JSON: ${(error as Error).message}`;
  }
}

function Result({ result }: { result: Invoked }) {
  const report = reportIn(result.log);
  const failed = result.functionError !== null;
  return (
    <Alert type={failed ? "error" : "success"} header={failed ? "The function failed" : "The function succeeded"}>
      <SpaceBetween size="s">
        <Box variant="h3">Response</Box>
        <Printed text={pretty(result.body)} label="Response" />
        <KeyValuePairs
          columns={4}
          items={[
            { label: "Duration", value: ms(report?.durationMs) },
            { label: "Billed", value: ms(report?.billedMs) },
            { label: "Memory used", value: report?.maxMemoryMb == null ? "–" : `${report.maxMemoryMb} of ${report.memoryMb ?? "?"} MB` },
            { label: "Init", value: report?.initMs == null ? "none: it was warm" : ms(report.initMs) },
            { label: "Request to answer", value: ms(result.tookMs) },
            { label: "Version", value: result.version || "–" },
            { label: "Request ID", value: result.requestId },
          ]}
        />
        {result.log && (
          <>
            <Box variant="h3">Log output</Box>
            <Printed text={result.log} label="Log output" />
          </>
        )}
      </SpaceBetween>
    </Alert>
  );
}
