import SpaceBetween from "@cloudscape-design/components/space-between";
import { Asynchronous } from "./configuration/Asynchronous";
import { Concurrency } from "./configuration/Concurrency";
import { DangerZone } from "./configuration/DangerZone";
import { DeadLetters } from "./configuration/DeadLetters";
import { Environment } from "./configuration/Environment";
import { General } from "./configuration/General";
import { Logging } from "./configuration/Logging";
import { Permissions } from "./configuration/permissions/Permissions";
import { Provisioned } from "./configuration/Provisioned";
import { SnapStart } from "./configuration/SnapStart";
import { Tags } from "./configuration/Tags";
import { Tracing } from "./configuration/Tracing";
import { Triggers } from "./configuration/triggers/Triggers";
import { Url } from "./configuration/url/Url";
import type { TabProps } from "./tabs";

/** Everything that can be set of a function, a panel each. */
export default function ConfigurationTab(props: TabProps) {
  const key = props.details.Configuration.RevisionId;
  return (
    <SpaceBetween size="l">
      <General key={`general ${key}`} {...props} />
      <Environment key={`environment ${key}`} {...props} />
      <Triggers {...props} />
      <Permissions {...props} />
      <Url {...props} />
      <Concurrency {...props} />
      <Provisioned {...props} />
      <Asynchronous {...props} />
      <DeadLetters key={`dead letters ${key}`} {...props} />
      <Logging key={`logging ${key}`} {...props} />
      <Tracing key={`tracing ${key}`} {...props} />
      <SnapStart key={`snap start ${key}`} {...props} />
      <Tags {...props} />
      <DangerZone {...props} />
    </SpaceBetween>
  );
}
