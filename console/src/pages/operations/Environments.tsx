import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { own } from "../../api/own";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { lambdadCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { bytes, count, memory, seconds } from "../../parts/format";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";
import { Starts, WAYS } from "./Starts";
import type { Environment, Environments, Finding, Status } from "./types";

/** The worker of this machine, and every execution environment on it. */
export default function EnvironmentsPage() {
  const { connection } = useSession();
  const { busy, run, failure } = useAction("here");
  const [draining, setDraining] = useState(false);
  const status = useLoad(() => own<Status>(connection, "GET", "status"), "status", 5_000);
  const load = useLoad(() => own<Environments>(connection, "GET", "environments"), "environments", 5_000);
  const drain = async () => {
    const words = { doing: "Draining", done: "Idle environments are ended, busy ones end after their event." };
    if (!(await run(words, () => own(connection, "POST", "drain", { body: {} })))) return;
    setDraining(false);
    load.reload();
  };
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description="Execution environments on this worker, of all accounts and regions."
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="refresh" ariaLabel="Refresh" onClick={load.reload} />
            <Button onClick={() => { setDraining(true); }}>Drain</Button>
          </SpaceBetween>
        }
      >
        Workers and environments
      </Header>
      <AsyncPanel load={load} what="The environments could not be read">
        {(found) => (
          <SpaceBetween size="l">
            <Worker host={found.host} />
            <Table<Environment>
              items={found.environments}
              trackBy="id"
              header={<Header variant="h2" counter={`(${found.total})`}>Environments</Header>}
              empty={<Box textAlign="center">No environment lives: the next call of a function starts one.</Box>}
              columnDefinitions={[
                { id: "function", header: "Function", cell: (one) => <PageLink to={`/functions/${encodeURIComponent(one.function)}`}>{`${one.function}:${one.version}`}</PageLink>, isRowHeader: true },
                { id: "state", header: "State", cell: (one) => <State state={one.state} /> },
                { id: "age", header: "Age", cell: (one) => seconds(one.age_s) },
                { id: "idle", header: "Idle", cell: (one) => seconds(one.idle_s) },
                { id: "calls", header: "Invocations", cell: (one) => count(one.invocations) },
                { id: "memory", header: "Memory now", cell: (one) => memory(one.memory_bytes) },
                { id: "highest", header: "Highest", cell: (one) => memory(one.highest_memory_bytes) },
                { id: "limit", header: "Limit", cell: (one) => memory(one.memory_limit_bytes) },
                { id: "way", header: "Started by", cell: (one) => (one.start_path ? (WAYS[one.start_path] ?? one.start_path) : "–") },
                { id: "kind", header: "Kind", cell: (one) => one.initialization_type },
                { id: "runtime", header: "Runtime", cell: (one) => one.runtime },
                { id: "log", header: "Log", cell: (one) => <PageLink to={`/logs/${encodeURIComponent(one.log_group)}`}>{one.log_stream}</PageLink> },
              ]}
            />
          </SpaceBetween>
        )}
      </AsyncPanel>
      <AsyncPanel load={status} what="How environments are started could not be read">{(found) => <Starts status={found} />}</AsyncPanel>
      {draining && (
        <ConfirmDelete
          what="the environments"
          verb="Drain"
          word={null}
          command={lambdadCommand(["drain"])}
          busy={busy}
          failure={failure}
          onCancel={() => { setDraining(false); }}
          onDelete={() => void drain()}
        >
          Idle environments end now, busy ones after their event. The next events start new ones; no event is lost.
        </ConfirmDelete>
      )}
    </SpaceBetween>
  );
}

function Worker({ host }: { host: Environments["host"] }) {
  const { isolation, capacity } = host;
  const failing = isolation.findings.filter((finding) => !finding.works);
  return (
    <Container header={<Header variant="h2">This worker</Header>}>
      <SpaceBetween size="m">
        {isolation.warning && <Alert type="warning" header="Weak isolation">{isolation.warning}</Alert>}
        <KeyValuePairs
          columns={4}
          items={[
            { label: "Isolation", value: isolation.tier },
            { label: "Processors", value: host.cpus === null ? "–" : count(host.cpus) },
            { label: "Load (1, 5, 15 min)", value: host.load ? host.load.map((value) => value.toFixed(2)).join(", ") : "–" },
            { label: "Memory available", value: `${bytes(host.available_memory_bytes)} of ${bytes(host.memory_bytes)}` },
            { label: "Environments", value: `${count(capacity["environments"] ?? 0)} of at most ${count(capacity["most_environments"] ?? 0)}` },
            { label: "Starting", value: count(capacity["starting"] ?? 0) },
            { label: "Idle", value: count(capacity["idle"] ?? 0) },
            { label: "Their memory", value: `${bytes(capacity["memory_bytes"])} of ${bytes(capacity["memory_ceiling_bytes"])}` },
          ]}
        />
        <ExpandableSection headerText={`What the host gives: ${isolation.findings.length - failing.length} of ${isolation.findings.length}`} defaultExpanded={failing.length > 0}>
          <Findings findings={isolation.findings} />
        </ExpandableSection>
      </SpaceBetween>
    </Container>
  );
}

function Findings({ findings }: { findings: Finding[] }) {
  return (
    <Table
      variant="embedded"
      items={findings}
      trackBy="feature"
      columnDefinitions={[
        { id: "feature", header: "Feature", cell: (one) => one.feature, isRowHeader: true },
        { id: "works", header: "Works", cell: (one) => (one.works ? <StatusIndicator>Yes</StatusIndicator> : <StatusIndicator type="warning">No</StatusIndicator>) },
        { id: "detail", header: "Detail", cell: (one) => one.detail },
        { id: "remedy", header: "What to do", cell: (one) => one.remedy ?? "–" },
      ]}
    />
  );
}

function State({ state }: { state: string }) {
  const kinds = { busy: "in-progress", idle: "success", frozen: "stopped" } as const;
  return <StatusIndicator type={kinds[state as keyof typeof kinds] ?? "pending"}>{state}</StatusIndicator>;
}
