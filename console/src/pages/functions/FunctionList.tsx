import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { metricData } from "../../api/cloudwatch";
import { deleteFunction, type FunctionConfiguration, listFunctions } from "../../api/lambda";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel, Problem } from "../../parts/AsyncPanel";
import { awsCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { useLoad } from "../../parts/useLoad";
import { activityOf, queriesFor, spanUntil } from "./activity";
import { FunctionTable } from "./FunctionTable";
import { type Filter, NO_FILTER, type Order, shown } from "./listing";

const ROWS = 25;
const ACTIVITY_EVERY_MS = 60_000;

/** Every function of the region. */
export default function FunctionList() {
  const { connection, region } = useSession();
  const [, navigate] = useLocation();
  const load = useLoad(() => listFunctions(connection), region);
  const [marked, choose] = useState<FunctionConfiguration | null>(null);
  const [doomed, setDoomed] = useState<FunctionConfiguration | null>(null);
  // One of another region, or deleted by somebody else, is chosen no longer.
  const chosen = load.value?.find((one) => one.FunctionArn === marked?.FunctionArn) ?? null;
  const found = load.value?.length;
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        counter={found === undefined ? "" : `(${found})`}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="refresh" ariaLabel="Read the list again" loading={load.isLoading} onClick={load.reload} />
            <Button disabled={!chosen} onClick={() => { setDoomed(chosen); }}>Delete</Button>
            <Button variant="primary" onClick={() => { navigate("/create/function"); }}>Create function</Button>
          </SpaceBetween>
        }
      >
        Functions
      </Header>
      <AsyncPanel load={load} what="The functions could not be read">
        {(functions) => <Listed functions={functions} isLoading={load.isLoading} chosen={chosen} choose={choose} />}
      </AsyncPanel>
      {doomed && (
        <Deleting
          name={doomed.FunctionName}
          onEnd={(isDone) => {
            setDoomed(null);
            if (isDone) choose(null);
            load.reload();
          }}
        />
      )}
    </SpaceBetween>
  );
}

interface ListedProps {
  functions: readonly FunctionConfiguration[];
  isLoading: boolean;
  chosen: FunctionConfiguration | null;
  choose: (one: FunctionConfiguration | null) => void;
}

function Listed({ functions, isLoading, chosen, choose }: ListedProps) {
  const { connection, region } = useSession();
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const [order, setOrder] = useState<Order>({ column: "modified", descending: true });
  const [page, setPage] = useState(1);
  const matching = useMemo(() => shown(functions, filter, order), [functions, filter, order]);
  const pages = Math.max(1, Math.ceil(matching.length / ROWS));
  const current = Math.min(page, pages);
  const rows = matching.slice((current - 1) * ROWS, current * ROWS);
  const names = rows.map((one) => one.FunctionName);
  const activity = useLoad(
    async () => {
      const { startMs, endMs } = spanUntil(Date.now());
      if (names.length === 0) return new Map();
      return activityOf(names, await metricData(connection, queriesFor(names), startMs, endMs), startMs);
    },
    `${region} ${names.join(" ")}`,
    ACTIVITY_EVERY_MS,
  );
  return (
    <SpaceBetween size="l">
      {activity.error && (
        <Problem error={activity.error} onRetry={activity.reload} what="Invocations and errors could not be read" />
      )}
      <FunctionTable
        all={functions}
        rows={rows}
        matching={matching.length}
        isLoading={isLoading && functions.length === 0}
        activity={activity.value}
        filter={filter}
        onFilter={(next) => { setFilter(next); setPage(1); }}
        order={order}
        onOrder={setOrder}
        page={current}
        pages={pages}
        onPage={setPage}
        chosen={chosen}
        choose={choose}
      />
    </SpaceBetween>
  );
}

function Deleting({ name, onEnd }: { name: string; onEnd: (isDone: boolean) => void }) {
  const { connection } = useSession();
  const { busy, run } = useAction();
  return (
    <ConfirmDelete
      what={`function ${name}`}
      command={awsCommand("lambda delete-function", { "function-name": name })}
      busy={busy}
      onCancel={() => { onEnd(false); }}
      onDelete={() => {
        void run({ doing: `Deleting ${name}`, done: `${name} is deleted.` }, () => deleteFunction(connection, name)).then(onEnd);
      }}
    >
      Its code, versions and aliases go with it. Its logs and its role stay.
    </ConfirmDelete>
  );
}
