import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import DatePicker from "@cloudscape-design/components/date-picker";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { own } from "../../api/own";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { CliCommand, lambdadCommand } from "../../parts/CliCommand";
import { count } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";
import { csvOf } from "./csv";
import type { Bill, BillLine } from "./types";

const GROUPS = [
  { value: "function", label: "Function" },
  { value: "version", label: "Version" },
  { value: "day", label: "Day" },
  { value: "function-day", label: "Function and day" },
  { value: "tag", label: "Tag" },
];

/** What AWS would have charged for what ran here. */
export default function BillPage() {
  const { connection, region } = useSession();
  const today = new Date().toISOString().slice(0, 10);
  const [since, setSince] = useState(`${today.slice(0, 8)}01`);
  const [until, setUntil] = useState(today);
  const [group, setGroup] = useState("function");
  const [tag, setTag] = useState("");
  const by = group !== "tag" ? group : tag.trim() ? `tag:${tag.trim()}` : "function";
  const bill = useLoad(
    () => own<Bill>(connection, "GET", "bill", { query: { since, until, by } }),
    `bill ${region} ${since} ${until} ${by}`,
  );
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="What AWS would have charged for what ran here, at its list prices. Days are of UTC.">Bill</Header>
      <SpaceBetween direction="horizontal" size="m">
        <FormField label="From"><DatePicker value={since} onChange={({ detail }) => { setSince(detail.value); }} placeholder="YYYY/MM/DD" /></FormField>
        <FormField label="To"><DatePicker value={until} onChange={({ detail }) => { setUntil(detail.value); }} placeholder="YYYY/MM/DD" /></FormField>
        <FormField label="By">
          <Select
            selectedOption={GROUPS.find(({ value }) => value === group) ?? null}
            options={GROUPS}
            onChange={({ detail }) => { setGroup(detail.selectedOption.value ?? "function"); }}
          />
        </FormField>
        {group === "tag" && <FormField label="Key of the tag"><Input value={tag} spellcheck={false} onChange={({ detail }) => { setTag(detail.value); }} /></FormField>}
      </SpaceBetween>
      <AsyncPanel load={bill} what="The bill could not be read">{(found) => <Shown bill={found} />}</AsyncPanel>
      <CliCommand command={`${lambdadCommand(["bill"], { since, until, by })} --csv`} />
    </SpaceBetween>
  );
}

function Shown({ bill }: { bill: Bill }) {
  const money = (value: number) => `${value.toFixed(value !== 0 && Math.abs(value) < 0.01 ? 8 : 2)} ${bill.currency}`;
  const nameOf = (line: BillLine) =>
    [line.day, line.function, line.version && `version ${line.version}`, line.tag].filter(Boolean).join(" · ") || "–";
  const download = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csvOf(bill.lines)], { type: "text/csv" }));
    link.download = `bill-${bill.since}-${bill.until}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2" description={`Prices: ${bill.prices}`}>Total</Header>}>
        <KeyValuePairs
          columns={3}
          items={[
            { label: "At list prices", value: money(bill.total) },
            { label: "Free tier", value: money(bill.free_tier) },
            { label: "Due", value: <Box variant="awsui-value-large">{money(bill.due)}</Box> },
          ]}
        />
      </Container>
      <Table
        items={bill.lines}
        header={<Header variant="h2" counter={`(${bill.lines.length})`} actions={<Button iconName="download" onClick={download}>CSV</Button>}>Lines</Header>}
        empty={<Box textAlign="center">Nothing ran in these days.</Box>}
        columnDefinitions={[
          { id: "name", header: "What", cell: nameOf, isRowHeader: true },
          { id: "region", header: "Region", cell: (line) => line.region ?? "–" },
          { id: "requests", header: "Requests", cell: (line) => count(line.requests) },
          { id: "gbs", header: "GB-seconds", cell: (line) => line.gb_s.toFixed(3) },
          { id: "cost", header: "Cost", cell: (line) => money(line.cost) },
        ]}
      />
      <Table
        items={bill.charges}
        trackBy="charge"
        header={<Header variant="h2">Charges</Header>}
        empty={<Box textAlign="center">Nothing is charged.</Box>}
        columnDefinitions={[
          { id: "charge", header: "Charge", cell: (one) => one.charge.replaceAll("_", " "), isRowHeader: true },
          { id: "quantity", header: "Quantity", cell: (one) => `${count(one.quantity)} ${one.unit}` },
          { id: "cost", header: "Cost", cell: (one) => money(one.cost) },
        ]}
      />
    </SpaceBetween>
  );
}
