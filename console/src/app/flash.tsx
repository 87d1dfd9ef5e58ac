/** What was done, is being done and went wrong: told at the top of the page. */

import Box from "@cloudscape-design/components/box";
import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";
import type { ApiError } from "../api/transport";
import { adviceFor } from "../parts/advice";

type Item = FlashbarProps.MessageDefinition;

interface Flash {
  items: Item[];
  put: (item: Item & { id: string }) => void;
  drop: (id: string) => void;
}

const Context = createContext<Flash | null>(null);
const PROGRESS_AFTER_MS = 1000;
let last = 0;

export function FlashProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<Item[]>([]);
  const drop = useCallback((id: string) => {
    setItems((known) => known.filter((item) => item.id !== id));
  }, []);
  const put = useCallback((item: Item & { id: string }) => {
    setItems((known) => [item, ...known.filter((other) => other.id !== item.id)].slice(0, 5));
  }, []);
  const value = useMemo(() => ({ items, put, drop }), [items, put, drop]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

function useFlash(): Flash {
  const found = useContext(Context);
  if (!found) throw new Error("outside of FlashProvider");
  return found;
}

export function Flashes() {
  return <Flashbar items={useFlash().items} stackItems />;
}

export interface Words {
  /** "Deleting report" */
  doing: string;
  /** "report is deleted." */
  done: string;
}

interface Action {
  busy: boolean;
  run: (words: Words, work: () => Promise<unknown>) => Promise<boolean>;
  /** Of the last run, when it is told "here". */
  failure: ApiError | null;
}

/**
 * Do something that changes the server: progress is told when it takes over a second, success and failure always.
 * `run` answers whether it was done. A dialog covers the top of the page and tells its failures itself: "here".
 */
export function useAction(told: "on top" | "here" = "on top"): Action {
  const { put, drop } = useFlash();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const run = useCallback(
    async (words: Words, work: () => Promise<unknown>) => {
      const id = `action-${(last += 1)}`;
      const onDismiss = () => {
        drop(id);
      };
      setBusy(true);
      setFailure(null);
      const timer = setTimeout(() => {
        put({ id, type: "in-progress", loading: true, content: `${words.doing}…` });
      }, PROGRESS_AFTER_MS);
      try {
        await work();
        put({ id, type: "success", content: words.done, dismissible: true, onDismiss, dismissLabel: "Dismiss" });
        return true;
      } catch (error) {
        if (told === "here") {
          drop(id);
          setFailure(error as ApiError);
          return false;
        }
        put({
          id,
          type: "error",
          header: `${words.doing} failed`,
          content: <Failure error={error as ApiError} />,
          dismissible: true,
          onDismiss,
          dismissLabel: "Dismiss",
        });
        return false;
      } finally {
        clearTimeout(timer);
        setBusy(false);
      }
    },
    [put, drop, told],
  );
  return { busy, run, failure };
}

function Failure({ error }: { error: ApiError }) {
  return (
    <>
      {error.message} {adviceFor(error)}
      {error.requestId && <Box variant="small" color="inherit" display="block">Request ID: {error.requestId}</Box>}
    </>
  );
}
