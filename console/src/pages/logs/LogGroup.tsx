import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "wouter";
import { LogView } from "./LogView";

/** One log group. */
export default function LogGroup() {
  const { group = "" } = useParams();
  const name = decodeURIComponent(group);
  return (
    <SpaceBetween size="l">
      <Header variant="h1">Log group</Header>
      <LogView key={name} group={name} />
    </SpaceBetween>
  );
}
