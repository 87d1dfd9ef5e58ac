import Box from "@cloudscape-design/components/box";
import Pagination from "@cloudscape-design/components/pagination";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";

const ROWS = 25;

interface Given<T> extends Omit<TableProps<T>, "items" | "filter" | "pagination" | "empty"> {
  items: readonly T[];
  /** What is looked through. */
  wordsOf: (item: T) => string;
  /** "roles" */
  what: string;
  /** Said when there is nothing at all. */
  none?: string;
}

/** A table that is narrowed down by words and shown by pages. */
export function FoundTable<T>({ items, wordsOf, what, none, ...table }: Given<T>) {
  const [words, setWords] = useState("");
  const [page, setPage] = useState(1);
  const looked = words.trim().toLowerCase();
  const found = items.filter((one) => wordsOf(one).toLowerCase().includes(looked));
  const pages = Math.max(1, Math.ceil(found.length / ROWS));
  const current = Math.min(page, pages);
  return (
    <Table
      {...table}
      items={found.slice((current - 1) * ROWS, current * ROWS)}
      filter={
        <TextFilter
          filteringText={words}
          filteringAriaLabel={`Find ${what}`}
          filteringPlaceholder={`Find ${what}`}
          filteringClearAriaLabel="Clear"
          countText={looked ? `${found.length} found` : ""}
          onChange={({ detail }) => {
            setWords(detail.filteringText);
            setPage(1);
          }}
        />
      }
      pagination={<Pagination currentPageIndex={current} pagesCount={pages} onChange={({ detail }) => { setPage(detail.currentPageIndex); }} />}
      empty={<Box textAlign="center">{items.length || !none ? `No ${what} match.` : none}</Box>}
    />
  );
}
