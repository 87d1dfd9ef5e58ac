import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Pagination from "@cloudscape-design/components/pagination";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import type { ReactNode } from "react";
import type { FunctionConfiguration } from "../../api/lambda";
import { ago, moment } from "../../parts/format";
import { PageLink } from "../../parts/PageLink";
import type { Activity } from "./activity";
import { architectureOf, choices, type Column, type Filter, isFiltered, modifiedMs, NO_FILTER, type Order, packageOf } from "./listing";
import { runtimeText } from "./runtimes";
import { Sparkline } from "./Sparkline";

interface Props {
  all: readonly FunctionConfiguration[];
  rows: readonly FunctionConfiguration[];
  matching: number;
  isLoading: boolean;
  activity: ReadonlyMap<string, Activity> | undefined;
  filter: Filter;
  onFilter: (filter: Filter) => void;
  order: Order;
  onOrder: (order: Order) => void;
  page: number;
  pages: number;
  onPage: (page: number) => void;
  chosen: FunctionConfiguration | null;
  choose: (one: FunctionConfiguration | null) => void;
}

/** One page of the functions, with what narrows them down. */
export function FunctionTable(props: Props) {
  const { rows, order, chosen, filter } = props;
  const columns = columnsWith(props.activity);
  return (
    <Table
      variant="container"
      trackBy="FunctionArn"
      items={rows}
      loading={props.isLoading}
      loadingText="Loading functions"
      columnDefinitions={columns}
      sortingColumn={{ sortingField: order.column }}
      sortingDescending={order.descending}
      onSortingChange={({ detail }) => {
        props.onOrder({ column: detail.sortingColumn.sortingField as Column, descending: detail.isDescending ?? false });
      }}
      selectionType="single"
      selectedItems={chosen ? [chosen] : []}
      onSelectionChange={({ detail }) => { props.choose(detail.selectedItems[0] ?? null); }}
      ariaLabels={{
        selectionGroupLabel: "Functions",
        itemSelectionLabel: (_, one) => one.FunctionName,
        tableLabel: "Functions",
      }}
      filter={<Filters {...props} />}
      pagination={
        <Pagination
          currentPageIndex={props.page}
          pagesCount={props.pages}
          onChange={({ detail }) => { props.onPage(detail.currentPageIndex); }}
          ariaLabels={{ nextPageLabel: "Next page", previousPageLabel: "Previous page", pageLabel: (page) => `Page ${page}` }}
        />
      }
      empty={
        isFiltered(filter) ? (
          <Empty text="No function matches."><Button onClick={() => { props.onFilter(NO_FILTER); }}>Show all</Button></Empty>
        ) : (
          <Empty text="There are no functions in this region yet." />
        )
      }
    />
  );
}

function Empty({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <Box textAlign="center" color="inherit">
      <SpaceBetween size="s"><Box variant="p" color="inherit">{text}</Box>{children}</SpaceBetween>
    </Box>
  );
}

function Filters({ all, filter, onFilter, matching }: Props) {
  const narrowing = (what: keyof Filter, label: string, values: readonly string[], text = (value: string) => value) => {
    const options = [{ value: "", label: `Any ${label}` }, ...values.map((value) => ({ value, label: text(value) }))];
    return values.length < 2 && !filter[what] ? null : (
      <Select
        ariaLabel={`Show only: ${label}`}
        options={options}
        selectedOption={options.find(({ value }) => value === filter[what]) ?? null}
        onChange={({ detail }) => { onFilter({ ...filter, [what]: detail.selectedOption.value ?? "" }); }}
      />
    );
  };
  return (
    <div className="filters">
      <TextFilter
        filteringText={filter.text}
        filteringPlaceholder="Find functions by name, description or runtime"
        filteringAriaLabel="Find functions"
        filteringClearAriaLabel="Clear"
        countText={isFiltered(filter) ? `${matching} of ${all.length}` : ""}
        onChange={({ detail }) => { onFilter({ ...filter, text: detail.filteringText }); }}
      />
      {narrowing("runtime", "runtime", choices(all, (one) => one.Runtime), runtimeText)}
      {narrowing("architecture", "architecture", choices(all, architectureOf))}
      {narrowing("packageType", "package type", choices(all, packageOf))}
    </div>
  );
}

function columnsWith(
  activity: ReadonlyMap<string, Activity> | undefined,
): TableProps.ColumnDefinition<FunctionConfiguration>[] {
  return [
    {
      id: "name",
      header: "Function name",
      sortingField: "name",
      isRowHeader: true,
      cell: (one) => <PageLink to={`/functions/${one.FunctionName}`}>{one.FunctionName}</PageLink>,
    },
    {
      id: "activity",
      header: "Invocations, 3 h",
      minWidth: 170,
      cell: (one) => <Sparkline activity={activity?.get(one.FunctionName)} />,
    },
    { id: "runtime", header: "Runtime", sortingField: "runtime", cell: (one) => runtimeText(one.Runtime) },
    { id: "architecture", header: "Architecture", cell: architectureOf },
    { id: "memory", header: "Memory", sortingField: "memory", cell: (one) => `${one.MemorySize} MB` },
    {
      id: "modified",
      header: "Last modified",
      sortingField: "modified",
      cell: (one) => <span title={moment(modifiedMs(one))}>{ago(modifiedMs(one))}</span>,
    },
    { id: "description", header: "Description", cell: (one) => one.Description || "–", maxWidth: 260 },
  ];
}
