/** What lambdad's own operations answer; docs/reference/operations-api.md. */

export interface Queue {
  function: string;
  qualifier: string | null;
  events: number;
  running: number;
  paused: boolean;
  throttled_s: number;
  oldest_s: number;
  next_attempt_s: number | null;
  since_start: Record<string, number>;
  owed?: Owed[];
}

export interface Owed {
  target: string;
  messages: number;
  attempts: number;
  next_attempt_s: number | null;
  last_error: string | null;
}

export interface Queues {
  queues: Queue[];
  owed?: Owed[];
  total: { queues: number; owed: number };
}

export interface QueuedEvent {
  request_id: string;
  accepted_ms: number;
  age_s: number;
  attempts: number;
  refusals: number;
  next_attempt_s: number;
}

export interface Environment {
  id: string;
  function: string;
  version: string;
  account: string;
  region: string;
  runtime: string;
  state: string;
  initialization_type: string;
  start_path: string | null;
  age_s: number;
  expires_s: number | null;
  idle_s: number | null;
  invocations: number;
  memory_bytes: number | null;
  highest_memory_bytes: number | null;
  memory_limit_bytes: number;
  log_group: string;
  log_stream: string;
}

export interface Finding {
  feature: string;
  works: boolean;
  detail: string;
  remedy: string | null;
}

export interface Environments {
  total: number;
  environments: Environment[];
  host: {
    cpus: number | null;
    load: number[] | null;
    memory_bytes: number | null;
    available_memory_bytes: number | null;
    isolation: { tier: string; warning?: string; findings: Finding[] };
    capacity: Record<string, number>;
  };
}

export interface PolledMapping {
  uuid: string;
  kind: string;
  source: string;
  function: string;
  state: string;
  not_polled: string | null;
  last_result: string | null;
  waiting: number | null;
  running: number;
  allowed: number;
  events_per_s: number;
  since_s: number | null;
  counts: Record<string, number>;
  parts: MappingPart[];
}

/** A shard or partition. */
export interface MappingPart {
  name: string;
  state: string;
  position: string | null;
  behind_ms: number | null;
  waiting: number | null;
  events_per_s: number;
}

export interface Redriven {
  queue: string;
  queued: number;
  left: number;
  more: boolean;
}

export interface Pool {
  waiting: number;
  wanted: number;
  died_waiting?: number;
  failing?: boolean;
  failures?: number;
  last_failure?: string;
}

export interface Status {
  starts: Record<string, number>;
  pools: Record<string, Pool>;
  snapshots: { count: number; memory_bytes: number };
}

export interface BillLine {
  function?: string;
  region?: string;
  version?: string;
  day?: string;
  tag?: string;
  requests: number;
  gb_s: number;
  cost: number;
}

export interface Bill {
  account: string;
  since: string;
  until: string;
  prices: string;
  currency: string;
  lines: BillLine[];
  charges: { charge: string; quantity: number; unit: string; cost: number }[];
  total: number;
  free_tier: number;
  due: number;
}

export interface Setting {
  name: string;
  value: string;
  is_default: boolean;
  default: string;
  unit: string | null;
  what: string;
}
