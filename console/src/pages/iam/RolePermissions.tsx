import SpaceBetween from "@cloudscape-design/components/space-between";
import { AttachedPolicies } from "./AttachedPolicies";
import { InlinePolicies } from "./InlinePolicies";

/** The policies of a role: attached ones, and its own. */
export function RolePermissions({ role }: { role: string }) {
  return (
    <SpaceBetween size="l">
      <AttachedPolicies role={role} />
      <InlinePolicies role={role} />
    </SpaceBetween>
  );
}
