/** The graphs of a function: what each draws. */

import type { MetricQuery, Series } from "../../api/cloudwatch";
import { count, ms } from "../../parts/format";
import { spread } from "./ranges";

interface Drawn {
  name: string;
  metric: string;
  statistic: string;
}

export interface GraphOf {
  title: string;
  show: (value: number) => string;
  draws: readonly Drawn[];
  /** Shown when something was measured: most functions have none of it. */
  isRare?: boolean;
}

const drawn = (name: string, metric: string, statistic = "Sum"): Drawn => ({ name, metric, statistic });
const percent = (value: number) => `${count(value)} %`;

/** Those that every function has; success rate and cold starts are worked out. */
export const GRAPHS: readonly GraphOf[] = [
  { title: "Invocations", show: count, draws: [drawn("Sum", "Invocations")] },
  { title: "Errors", show: count, draws: [drawn("Sum", "Errors")] },
  { title: "Duration", show: ms, draws: [drawn("Minimum", "Duration", "Minimum"), drawn("Average", "Duration", "Average"), drawn("p95", "Duration", "p95")] },
  { title: "Throttles", show: count, draws: [drawn("Sum", "Throttles")] },
  { title: "Concurrent executions", show: count, draws: [drawn("Maximum", "ConcurrentExecutions", "Maximum")] },
  { title: "Asynchronous events", show: count, isRare: true, draws: [drawn("Received", "AsyncEventsReceived"), drawn("Dropped", "AsyncEventsDropped")] },
  { title: "Age of asynchronous events", show: ms, isRare: true, draws: [drawn("Average", "AsyncEventAge", "Average"), drawn("Maximum", "AsyncEventAge", "Maximum")] },
  { title: "Failures to deliver", show: count, isRare: true, draws: [drawn("Destinations", "DestinationDeliveryFailures"), drawn("Dead letters", "DeadLetterErrors")] },
  { title: "Age of records of streams", show: ms, isRare: true, draws: [drawn("Maximum", "IteratorAge", "Maximum")] },
  { title: "Kafka: behind by", show: count, isRare: true, draws: [drawn("Maximum", "OffsetLag", "Maximum")] },
  { title: "Provisioned concurrency", show: count, isRare: true, draws: [drawn("Invocations", "ProvisionedConcurrencyInvocations"), drawn("Beside it", "ProvisionedConcurrencySpilloverInvocations")] },
  { title: "Function URL", show: count, isRare: true, draws: [drawn("Requests", "UrlRequestCount"), drawn("4xx", "Url4xxCount"), drawn("5xx", "Url5xxCount")] },
];

export const SUCCESS = { title: "Success rate", show: percent };

const idOf = (graph: number, line: number) => `g${graph}l${line}`;

/** One request's worth of questions. */
export const queriesOf = (name: string, periodS: number): MetricQuery[] =>
  GRAPHS.flatMap(({ draws }, graph) =>
    draws.map(({ metric, statistic }, line) => ({ id: idOf(graph, line), metric, statistic, dimensions: { FunctionName: name }, periodS })),
  );

export interface Lines {
  graph: GraphOf;
  lines: { name: string; values: (number | null)[] }[];
}

/** Each graph with its lines; rare ones without a value other than 0 are left out. */
export function linesOf(found: ReadonlyMap<string, Series>, startMs: number, endMs: number, periodS: number): Lines[] {
  return GRAPHS.map((graph, at) => ({
    graph,
    lines: graph.draws.map(({ name }, line) => {
      const series = found.get(idOf(at, line));
      return { name, values: spread(series?.times ?? [], series?.values ?? [], startMs, endMs, periodS) };
    }),
  })).filter(({ graph, lines }) => !graph.isRare || lines.some(({ values }) => values.some(Boolean)));
}

/** Per cent that succeeded; null where nothing ran. */
export const successOf = (invocations: readonly (number | null)[], errors: readonly (number | null)[]): (number | null)[] =>
  invocations.map((all, index) => (all ? 100 * (1 - Math.min(errors[index] ?? 0, all) / all) : null));
