import type { TabProps } from "../function/tabs";
import { LogView } from "./LogView";

/** The function's log. */
export default function LogsTab({ name, details }: TabProps) {
  return <LogView group={details.Configuration.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`} />;
}
