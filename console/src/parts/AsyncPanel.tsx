import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { ReactNode } from "react";
import type { ApiError } from "../api/transport";
import { adviceFor } from "./advice";
import type { Loaded } from "./useLoad";

/** A failure in words: what, what to do, and the request it was. */
export function Problem({ error, onRetry, what }: { error: ApiError; onRetry?: () => void; what?: string }) {
  return (
    <Alert
      type="error"
      header={what ?? error.code}
      action={onRetry ? <Button onClick={onRetry}>Retry</Button> : undefined}
    >
      {error.message} {adviceFor(error)}
      {error.requestId && <Box variant="small" display="block">Request ID: {error.requestId}</Box>}
    </Alert>
  );
}

/** Part of a page that loads by itself: one that fails leaves the rest of the page as it is. */
export function AsyncPanel<T>({
  load,
  what,
  children,
}: {
  load: Loaded<T>;
  /** "The role could not be read" */
  what?: string;
  children: (value: T) => ReactNode;
}) {
  if (load.value !== undefined) {
    return (
      <>
        {load.error && <Problem error={load.error} onRetry={load.reload} {...(what ? { what } : {})} />}
        {children(load.value)}
      </>
    );
  }
  if (load.error) return <Problem error={load.error} onRetry={load.reload} {...(what ? { what } : {})} />;
  return <StatusIndicator type="loading">Loading</StatusIndicator>;
}
