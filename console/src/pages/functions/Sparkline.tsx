import {
  colorChartsPaletteCategorical1,
  colorChartsStatusCritical,
} from "@cloudscape-design/design-tokens";
import { count } from "../../parts/format";
import { type Activity, total } from "./activity";

const WIDTH = 108;
const HEIGHT = 20;
const LEAST = 1;

/** Calls of the last hours as bars, failed ones in front in red; the sums for who does not see them. */
export function Sparkline({ activity }: { activity: Activity | undefined }) {
  if (!activity) return <>–</>;
  const calls = total(activity.invocations);
  const failed = total(activity.errors);
  if (calls === 0 && failed === 0) return <>none</>;
  const top = Math.max(...activity.invocations, ...activity.errors);
  const step = WIDTH / activity.invocations.length;
  const bars = (values: readonly number[], color: string) =>
    values.map((value, index) => {
      if (value === 0) return null;
      const height = Math.max(LEAST, (value / top) * HEIGHT);
      return (
        <rect key={index} x={index * step} y={HEIGHT - height} width={step - 0.5} height={height} style={{ fill: color }} />
      );
    });
  return (
    <span className="sparkline">
      <svg width={WIDTH} height={HEIGHT} role="img" aria-label={`Last 3 hours: ${count(calls)} invocations, ${count(failed)} errors`}>
        {bars(activity.invocations, colorChartsPaletteCategorical1)}
        {bars(activity.errors, colorChartsStatusCritical)}
      </svg>
      <span aria-hidden="true">{count(calls)}</span>
    </span>
  );
}
