/** The tabs of a function's page, in order. */

import { type ComponentType, lazy } from "react";
import type { FunctionDetails } from "../../api/lambda";

export interface TabProps {
  name: string;
  details: FunctionDetails;
  reload: () => void;
  /** Asks whether to delete the function. */
  onDelete: () => void;
}

const tab = (load: () => Promise<{ default: ComponentType<TabProps> }>) => lazy(load);

export const TABS: readonly { id: string; label: string; component: ComponentType<TabProps> }[] = [
  { id: "code", label: "Code", component: tab(() => import("./CodeTab")) },
  { id: "test", label: "Test", component: tab(() => import("./TestTab")) },
  { id: "monitor", label: "Monitor", component: tab(() => import("../monitor/MonitorTab")) },
  { id: "logs", label: "Logs", component: tab(() => import("../logs/LogsTab")) },
  { id: "configuration", label: "Configuration", component: tab(() => import("./ConfigurationTab")) },
  { id: "versions", label: "Versions and aliases", component: tab(() => import("./VersionsTab")) },
];
