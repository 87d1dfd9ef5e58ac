import { type Connection, json } from "./transport";

export interface MetricQuery {
  id: string;
  metric: string;
  /** By name, of AWS/Lambda. */
  dimensions: Record<string, string>;
  statistic: string;
  periodS: number;
}

export interface Series {
  id: string;
  /** ms since the epoch, ascending. */
  times: number[];
  values: number[];
}

interface Answer {
  MetricDataResults: { Id: string; Timestamps: number[]; Values: number[] }[];
  NextToken?: string;
}

const MOST_QUERIES = 500;

/** Metrics of AWS/Lambda between two times (ms since the epoch). */
export async function metricData(
  connection: Connection,
  queries: readonly MetricQuery[],
  startMs: number,
  endMs: number,
): Promise<Map<string, Series>> {
  const found = new Map<string, Series>();
  for (let begin = 0; begin < queries.length; begin += MOST_QUERIES) {
    let token: string | undefined;
    do {
      const answer: Answer = await json<Answer>(connection, {
        service: "monitoring",
        method: "POST",
        headers: {
          "content-type": "application/x-amz-json-1.0",
          "x-amz-target": "GraniteServiceVersion20100801.GetMetricData",
        },
        body: JSON.stringify({
          StartTime: startMs / 1000,
          EndTime: endMs / 1000,
          ScanBy: "TimestampAscending",
          MetricDataQueries: queries.slice(begin, begin + MOST_QUERIES).map(asked),
          ...(token ? { NextToken: token } : {}),
        }),
      });
      for (const one of answer.MetricDataResults) {
        const series = found.get(one.Id) ?? { id: one.Id, times: [], values: [] };
        series.times.push(...one.Timestamps.map((time) => time * 1000));
        series.values.push(...one.Values);
        found.set(one.Id, series);
      }
      token = answer.NextToken;
    } while (token);
  }
  return found;
}

const asked = (query: MetricQuery) => ({
  Id: query.id,
  MetricStat: {
    Metric: {
      Namespace: "AWS/Lambda",
      MetricName: query.metric,
      Dimensions: Object.entries(query.dimensions).map(([Name, Value]) => ({ Name, Value })),
    },
    Period: query.periodS,
    Stat: query.statistic,
  },
});
