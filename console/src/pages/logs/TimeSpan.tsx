import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";

/** Two times to be typed, as `times.typed` reads them. */
export function TimeSpan({
  from,
  to,
  problem,
  onFrom,
  onTo,
}: {
  from: string;
  to: string;
  /** Why it is no span of time; null when it is one. */
  problem: string | null;
  onFrom: (text: string) => void;
  onTo: (text: string) => void;
}) {
  return (
    <SpaceBetween size="xs">
      <SpaceBetween direction="horizontal" size="s">
        <FormField label="From" constraintText="2026-11-27 12:00:00"><Input value={from} onChange={({ detail }) => { onFrom(detail.value); }} /></FormField>
        <FormField label="To" constraintText="Empty: now"><Input value={to} onChange={({ detail }) => { onTo(detail.value); }} /></FormField>
      </SpaceBetween>
      {problem && <StatusIndicator type="error">{problem}</StatusIndicator>}
    </SpaceBetween>
  );
}
