import type { SelectProps } from "@cloudscape-design/components/select";
import { own } from "../../api/own";
import { useSession } from "../../app/session";
import { useLoad } from "../../parts/useLoad";
import { type Family, RUNTIMES } from "./runtimes";

interface Choice {
  /** Of a family; of all for null. */
  options: (family: Family | null) => SelectProps.Option[];
  /** What is proposed: the newest Python that the server can run, if it may be one. */
  first: (family: Family | null) => string;
  isLoading: boolean;
}

interface Told {
  runtimes: { runtime: string; version: string | null; remedy: string | null }[];
}

/** The runtimes that can be chosen, each with what the server lacks for it. Who may not ask sees them all alike. */
export function useRuntimes(): Choice {
  const { connection } = useSession();
  const load = useLoad(() => own<Told>(connection, "GET", "runtimes"), "runtimes");
  const remedies = new Map(load.value?.runtimes.map((one) => [one.runtime, one.remedy]));
  const of = (family: Family | null) => RUNTIMES.filter((one) => family === null || one.family === family);
  return {
    isLoading: load.isLoading && !load.value,
    options: (family) =>
      of(family).map(({ id, text }) => {
        const remedy = remedies.get(id);
        return { value: id, label: text, ...(remedy ? { description: `Not on this server yet: ${remedy}` } : {}) };
      }),
    first: (family) => (of(family).find(({ id }) => !remedies.get(id)) ?? of(family)[0])?.id ?? "",
  };
}
