import SpaceBetween from "@cloudscape-design/components/space-between";
import { Asynchronous } from "./configuration/Asynchronous";
import { Concurrency } from "./configuration/Concurrency";
import { DangerZone } from "./configuration/DangerZone";
import { Environment } from "./configuration/Environment";
import { General } from "./configuration/General";
import { Logging } from "./configuration/Logging";
import { Permissions } from "./configuration/Permissions";
import { Provisioned } from "./configuration/Provisioned";
import { Tags } from "./configuration/Tags";
import { Triggers } from "./configuration/Triggers";
import { Url } from "./configuration/Url";
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
      <Logging key={`logging ${key}`} {...props} />
      <Tags {...props} />
      <DangerZone {...props} />
    </SpaceBetween>
  );
}
