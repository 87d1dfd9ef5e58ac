import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "../api/transport";

export interface Loaded<T> {
  /** undefined before the first answer; kept while it is read again. */
  value: T | undefined;
  /** Of the last attempt. */
  error: ApiError | null;
  isLoading: boolean;
  reload: () => void;
}

/**
 * Read something when the page is shown and whenever `key` changes; every so often, too, when `everyMs` is given and
 * the page can be seen. Answers that come late are of nobody's interest and are dropped.
 */
export function useLoad<T>(
  read: (signal: AbortSignal) => Promise<T>,
  key: string,
  everyMs?: number,
): Loaded<T> {
  const [found, setFound] = useState<{ key: string; value: T | undefined; error: ApiError | null }>({
    key,
    value: undefined,
    error: null,
  });
  const [isLoading, setLoading] = useState(true);
  const [round, setRound] = useState(0);
  const reader = useRef(read);
  useEffect(() => {
    reader.current = read;
  });

  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      setLoading(true);
      try {
        const value = await reader.current(ended.signal);
        if (!ended.signal.aborted) setFound({ key, value, error: null });
      } catch (error) {
        if (!ended.signal.aborted) {
          const failure =
            error instanceof ApiError ? error : new ApiError("ConsoleError", String(error), 0, "");
          setFound((known) => ({ key, value: known.key === key ? known.value : undefined, error: failure }));
        }
      }
      if (ended.signal.aborted) return;
      setLoading(false);
      if (everyMs) timer = setTimeout(again, everyMs);
    };
    const again = () => {
      if (document.hidden) document.addEventListener("visibilitychange", again, { once: true });
      else void look();
    };
    void look();
    return () => {
      ended.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", again);
    };
  }, [key, round, everyMs]);

  const reload = useCallback(() => {
    setRound((count) => count + 1);
  }, []);
  const isCurrent = found.key === key;
  return {
    value: isCurrent ? found.value : undefined,
    error: isCurrent ? found.error : null,
    isLoading,
    reload,
  };
}
