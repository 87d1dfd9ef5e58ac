"""Every number that AWS or lambdad sets, with its unit and source.

Sources: Q = AWS Lambda quotas page; M = service model; O = an answer recorded from AWS; L = lambdad's own.
"""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * 1024

# Invoke
MAX_SYNC_REQUEST_BYTES: Final = 6 * MIB  # Q: synchronous payload, each way
MAX_SYNC_RESPONSE_BYTES: Final = 6 * MIB + 100  # O: "maximum allowed payload size (6291556 bytes)"
MAX_ASYNC_REQUEST_BYTES: Final = 1 * MIB  # Q since 2025-10-24
MAX_INVOKE_ASYNC_BYTES: Final = 256 * KIB  # M: InvokeAsync.InvokeArgs
MAX_TOPIC_MESSAGE_BYTES: Final = 256 * KIB  # M: OnFailure.Destination, of SNS
MAX_CLIENT_CONTEXT_BYTES: Final = 3_583  # M: Invoke.ClientContext
LOG_TAIL_BYTES: Final = 4 * KIB  # M: Invoke.LogType

# Response streaming (R: AWS's emulator)
MAX_STREAMED_RESPONSE_BYTES: Final = 200 * MIB  # Q: one streamed response, since 2025-07-31
STREAM_BURST_BYTES: Final = 6 * MIB  # Q: "the first 6 MB of your function's response is uncapped"
STREAM_BYTES_PER_S: Final = 2 * MIB  # Q: what comes after the burst
STREAM_REFILL_S: Final = 0.125  # R: how often a stream is given tokens
STREAM_PIECE_BYTES: Final = 256 * KIB  # L: an answer in one piece is cut into frames of this size
MAX_STREAM_CONTENT_TYPE_BYTES: Final = 1_024  # L: clients refuse heads that are much larger
MAX_ERROR_DETAILS_BYTES: Final = 256 * KIB  # L: of an error object; event-stream clients take frames of 16 MB
TRUNCATION_GRACE_S: Final = 1.0  # L: a body was cut off; until then the news of its process's end may come

# Function URLs
MAX_URL_HEAD_BYTES: Final = 64 * KIB  # L: headers and cookies a function answers with; clients refuse more
MAX_CACHED_URLS: Final = 10_000  # L: looked up and kept; with more all are looked up anew

# Function configuration (ordinary functions; the model's bounds are wider)
MIN_MEMORY_MIB: Final = 128  # Q
MAX_MEMORY_MIB: Final = 10_240  # Q
MEMORY_MIB_PER_VCPU: Final = 1_769  # Q: 1,769 MB is the equivalent of one vCPU
DEFAULT_MEMORY_MIB: Final = 128  # O
DEFAULT_TIMEOUT_S: Final = 3  # O
MAX_TIMEOUT_S: Final = 900  # Q
DEFAULT_EPHEMERAL_MIB: Final = 512  # O
MAX_EPHEMERAL_MIB: Final = 10_240  # Q
MAX_ENVIRONMENT_BYTES: Final = 4 * KIB  # Q: all variables together
MAX_TAGS: Final = 50  # Q

# Code
MAX_ZIPPED_BYTES: Final = 52_428_800  # O
MAX_UNZIPPED_BYTES: Final = 262_144_000  # O
MAX_CREATE_REQUEST_BYTES: Final = 70_167_211  # O: whole CreateFunction request
MAX_ARCHIVE_ENTRIES: Final = 200_000  # L: bounds the time one unpacking takes
MAX_LAYERS: Final = 5  # Q: layers per function
MAX_POLICY_BYTES: Final = 20_480  # Q: one resource policy; O: "bigger than the limit (20480)"
TOTAL_CODE_BYTES: Final = 80_530_636_800  # Q: 75 GB per region

# Environment
MAX_PROCESSES: Final = 1_024  # Q: processes and threads
MAX_OPEN_FILES: Final = 1_024  # Q
INIT_TIMEOUT_S: Final = 10.0  # Q: Init phase of on-demand functions
MAX_EXTENSIONS: Final = 10  # Q: extensions of one function
MAX_EXTENSION_NAME_BYTES: Final = 255  # L: the longest name of a file
SHUTDOWN_EXTERNAL_S: Final = 2.0  # Q: Shutdown phase with external extensions
SHUTDOWN_INTERNAL_S: Final = 0.5  # Q: with internal extensions only
RUNTIME_SHUTDOWN_SHARE: Final = 0.3  # AWS's emulator: the runtime's part of the Shutdown phase
TMP_MEMORY_SHARE: Final = 0.5  # L: of memory; where `/tmp` has more, nothing is started again
END_WITHIN_S: Final = 5.0  # L: a killed process that has not ended by then takes its sandbox with it
FREEZE_AFTER_S: Final = 0.005  # L: an environment idle for so long is frozen; see worker/freezer.py
ENVIRONMENT_AGE_S: Final = 50_400.0  # L: 14 h, the longest lease AWS has told of
ENVIRONMENT_AGE_JITTER: Final = 0.2  # L: each environment's age is this part shorter at most
MAX_ENVIRONMENT_CONNECTIONS: Final = 64  # L: connections one environment may hold to the server
OWN_CONNECTIONS: Final = 4  # L: of these it always may hold so many; the rest while others leave some
MAX_ENVIRONMENT_BODY_BYTES: Final = 80 * MIB  # L: of requests one environment has begun to send
MAX_EDGE_BODY_BYTES: Final = 1_024 * MIB  # L: of all requests the edge has begun to take
MAX_RUNTIME_API_HEADER_BYTES: Final = 1_100 * KIB  # L: the official clients send X-Ray causes of up to 1 MiB
MAX_LOG_LINE_BYTES: Final = 256 * KIB  # Q: CloudWatch Logs event size

# Concurrency
ACCOUNT_CONCURRENCY: Final = 1_000  # Q
MIN_UNRESERVED_CONCURRENCY: Final = 100  # Q
CALLS_PER_S_AND_LEASE: Final = 10  # Q: synchronous calls a second are at most ten times the concurrency

# Scaling (Q: "Lambda scaling behavior" of the developer guide)
SCALING_ENVIRONMENTS: Final = 1_000  # Q: new environments of one function in `SCALING_PERIOD_S`
SCALING_PERIOD_S: Final = 10.0  # Q: "refilled continuously"; what is unused is not gathered
STARTS_PER_CPU: Final = (
    1.0  # L: environments that come up at once; with more, warm calls wait for a processor
)
START_TURN_S: Final = 0.05  # L: five times the usual; who takes longer no longer keeps others from starting
ROOM_WAIT_S: Final = 1.0  # L: a call waits so long for others to become idle before it is throttled
ROOM_LOOK_S: Final = 0.02  # L: how often is looked for room while somebody waits for it
MEMORY_FRESH_S: Final = 0.01  # L: memory read so recently is not read again
MEMORY_LOOK_S: Final = 0.5  # L: how often is looked whether environments have grown over the ceiling
MEMORY_SHARE: Final = 0.8  # L: of the host's memory, for all environments together unless set
START_MEMORY_BYTES: Final = 48 * MIB  # L: set aside for one that comes up; boto3 imported takes about so much
BUSY_MEMORY_BYTES: Final = 4 * MIB  # L: set aside for each that runs an event, as it may grow
ASSUMED_MEMORY_BYTES: Final = 32 * MIB  # L: of one environment where the host cannot tell
MOST_EVICTED: Final = 8  # L: environments ended at once to make room; then what they freed is looked at
REMOVED_WITHIN_S: Final = 15.0  # L: room is not waited for longer; the Shutdown phase takes two at most
MOST_LEAVING: Final = 32  # L: ended and still being removed; with more nothing is started

# Provisioned concurrency
PROVISIONED_INIT_S: Final = 130.0  # Q: Init phase, or the function's timeout when that is longer
MAX_PROVISIONED_INIT_S: Final = 900.0  # Q: and at most this
PROVISIONED_STARTS: Final = 8  # L: environments of one version that are started at once
PROVISIONED_ATTEMPTS: Final = 3  # L: Inits that fail one after the other until the status is FAILED
PROVISIONED_FIRST_PAUSE_S: Final = 1.0  # L: after an Init that failed; doubled with each
PROVISIONED_LAST_PAUSE_S: Final = 300.0  # L: the longest; without a failure for so long all is forgotten
PROVISIONED_RENEWAL_S: Final = 300.0  # L: a replacement is started so long before the age limit
PROVISIONED_RENEWAL_SHARE: Final = 0.1  # L: or this part of the age, when that is shorter
PROVISIONED_LOOK_S: Final = 1.0  # L: how often is looked for pauses and ages that are over

# SnapStart
MAX_SNAP_START_EPHEMERAL_MIB: Final = 512  # Q: "SnapStart doesn't support … ephemeral storage over 512 MB"
RESTORE_TIMEOUT_S: Final = 10.0  # Q: Restore phase, after-restore hooks included
SNAPSHOT_TIMEOUT_S: Final = 60.0  # L: to write down the memory of an initialised process
SNAPSHOT_INITS: Final = 2  # L: versions that are initialised for a snapshot at once
POOL_MEMORY_SHARE: Final = 0.1  # L: of the host: what waits for functions takes no more
SNAPSHOT_MEMORY_SHARE: Final = 0.25  # L: of the host's memory, for all snapshots together
DEFAULT_SNAPSHOT_BYTES: Final = 1_024 * MIB  # L: the same where nobody knows the host's memory
SNAPSHOT_RETRY_S: Final = 300.0  # L: after a snapshot failed, until another is made of the same version
TEMPLATE_CREDENTIALS_S: Final = 300.0  # L: so that an SDK's session renews them after a restore
CONTAINER_CREDENTIALS_S: Final = (
    3_600.0  # L: until an SDK asks again; the keys live as long as the environment
)

# Recursive loops
MAX_RECURSIVE_INVOCATIONS: Final = 16  # Q: of one function in one chain of calls; the next is stopped

# Lists
MAX_PAGE_ITEMS: Final = 50  # O: lists cap at 50 per page
MAX_MAPPING_PAGE_ITEMS: Final = 100  # M: MaxItems of ListEventSourceMappings

# Event source mappings
MAX_FILTERS: Final = 5  # Q: filter criteria per mapping
UNWINDOWED_BATCH: Final = 10  # O: a larger batch of a queue needs a batching window
MIN_RECORD_AGE_S: Final = 60  # O: unless it is -1, forever
MAX_RECORD_AGE_S: Final = 604_800  # M
MIN_QUEUE_POLLERS: Final = 2  # M: ProvisionedPollerConfig, of a queue
MAX_KAFKA_POLLERS: Final = 2_000  # M: of Kafka; of queues the model's 10,000
DEFAULT_MAX_POLLERS: Final = 200  # M

# Polling of queues
FIRST_QUEUE_CALLS: Final = 5  # Q: at once, of one mapping, when polling begins
QUIET_QUEUE_CALLS: Final = 2  # Q: while nothing comes
QUIET_QUEUE_S: Final = 60.0  # L: without a message until a queue is quiet
MAX_QUEUE_CALLS: Final = 1_250  # Q: at once, of one mapping
QUEUE_GROWTH_PER_MINUTE: Final = 300.0  # Q: calls more at once
CALLS_PER_QUEUE_POLLER: Final = 10  # Q: at once, of one provisioned poller
PROVISIONED_QUEUE_GROWTH_PER_MINUTE: Final = 1_000.0  # Q
MESSAGES_PER_REQUEST: Final = 10  # M: ReceiveMessage and DeleteMessageBatch of SQS
LONG_POLL_S: Final = 20  # M: WaitTimeSeconds of ReceiveMessage, at most
NEAR_POLL_S: Final = 2  # L: the same on this host, where requests cost little and changes wait for polls
MAX_HELD_MESSAGE_BYTES: Final = 128 * MIB  # L: received and not settled, of all mappings together
SOURCE_FIRST_BACKOFF_S: Final = 1.0  # L: after a source did not answer or refused; doubled each time
SOURCE_LAST_BACKOFF_S: Final = 10.0  # L: the longest
SOURCES_CLOSE_S: Final = 2.0  # L: at the end, for deleting what functions have done
CALL_FIRST_BACKOFF_S: Final = 0.25  # L: after a call that could not run, while its messages are ours
CALL_LAST_BACKOFF_S: Final = 10.0  # L: the longest
DELETE_ATTEMPTS: Final = 4  # L: of messages that are done; what is left comes again

# Polling of streams
STREAM_PAGE_RECORDS: Final = 1_000  # L: read at once, unless batches are larger; AWS's most is 10,000
MAX_STREAM_PAGE_RECORDS: Final = 10_000  # M: GetRecords of Kinesis
MAX_DYNAMODB_PAGE_RECORDS: Final = 1_000  # M: GetRecords of DynamoDB Streams
MAX_STREAM_CONNECTIONS: Final = 256  # L: kept, of all mappings to one service
MAX_WAITING_RECORDS: Final = 20_000  # L: of one shard, read and not settled
KINESIS_POLL_S: Final = 1.0  # Q: "Lambda polls each shard … at a rate of once per second"
DYNAMODB_POLL_S: Final = 0.25  # Q: "at a base rate of 4 times per second"
LEAST_RECORDS_KEPT_S: Final = 86_400.0  # Q: streams of tables always; of Kinesis up to 8,760 hours
RETENTION_LOOK_S: Final = 60.0  # L: how long is believed what a stream said of that
KINESIS_BUSY_S: Final = 0.2  # Q: five GetRecords a second and shard
STREAM_SKEW_S: Final = 1.0  # L: by which clocks of services elsewhere may differ; rather a record too much
MAX_WAITING_BYTES: Final = 16 * MIB  # L: of one shard, read and not settled; two full batches and a page
SHARDS_LOOK_S: Final = 10.0  # L: how often is looked for shards that none before them led to
CHECKPOINT_DELAY_S: Final = 0.02  # L: checkpoints taken together for one commit
MAX_WINDOW_STATE_BYTES: Final = MIB  # Q: of a tumbling window; a larger one ends it
DESTINATION_ATTEMPTS: Final = 12  # L: for a record of failure, about a minute and a half; then it is lost

# Polling of Kafka
KAFKA_REQUEST_S: Final = 15.0  # L: until a broker that does not answer counts as gone
KAFKA_SESSION_S: Final = 15.0  # L: without a sign of life until a group gives a member's partitions away
KAFKA_REBALANCE_S: Final = 45.0  # L: a group waits for members that are alive, when partitions go around
KAFKA_CLOSE_S: Final = 5.0  # L: for leaving a group whose brokers may be gone
KAFKA_POLL_S: Final = 0.2  # L: how long one look for records waits
KAFKA_LAG_S: Final = 10.0  # L: how often the lag of a group is measured; AWS's metric has minutes
KAFKA_LOOK_S: Final = 10.0  # L: how often is looked whether brokers answer and topics are there
KAFKA_REVOKE_S: Final = 20.0  # L: for calls under way when partitions go to others; less than a group waits
KAFKA_TOLD_RETRIES: Final = 10  # Q: of mappings with a destination whose retries have no other limit
KAFKA_READ_AGAIN_S: Final = 5.0  # L: for all records of a batch that failed before, after its first is there
KAFKA_PAGE_RECORDS: Final = 2_000  # L: taken at once
MAX_SECRET_BYTES: Final = 256 * 1024  # L: an answer of Secrets Manager; a secret has 64 KiB at most

# CloudWatch Logs (M: documentation of PutLogEvents, GetLogEvents, FilterLogEvents and Describe…)
MAX_PUT_LOG_BYTES: Final = 1_048_576  # M: messages in UTF-8 plus 26 bytes each
LOG_EVENT_OVERHEAD_BYTES: Final = 26  # M
MAX_LOG_EVENT_BYTES: Final = 1_048_576  # M: "no larger than 1 MB" (256 KB before 2025)
MAX_LOG_AGE_MS: Final = 14 * 86_400_000  # M: older events are rejected
MAX_LOG_AHEAD_MS: Final = 2 * 3_600_000  # M: events further in the future are rejected
MAX_LOG_SPAN_MS: Final = 86_400_000  # M: of one batch
MAX_LOG_PAGE_BYTES: Final = 1_048_576  # M: of one answer
MAX_LOG_PAGE_EVENTS: Final = 10_000  # M
MAX_LOG_DESCRIBE_ITEMS: Final = 50  # M
MAX_LOG_LIST_ITEMS: Final = 1_000  # M: ListLogGroups

MAX_LOG_GROUP_TAGS: Final = 50  # M
LOG_RETENTION_DAYS: Final = frozenset(  # M: documentation of PutRetentionPolicy
    {
        *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
        *(1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653),
    }
)

# Filters of a log group
MAX_METRIC_FILTERS: Final = 100  # M: documentation of PutMetricFilter
MAX_SUBSCRIPTION_FILTERS: Final = 2  # M: documentation of PutSubscriptionFilter
MAX_GROUP_EXPRESSIONS: Final = 5  # M: filters with regular expressions
MAX_METRIC_FILTER_DIMENSIONS: Final = 3  # M: documentation of MetricTransformation
MAX_FILTER_SERIES: Final = 1_000  # M: combinations of dimensions of one filter in one hour; more are left out
LOG_FILTER_PACE_S: Final = (
    0.25  # L: from one round to the next; what a loop of functions and filters can turn
)
MAX_FILTER_BACKLOG_BYTES: Final = 32 * MIB  # L: of events that filters have not looked at yet; then left out
MAX_SUBSCRIPTION_BYTES: Final = (
    700 * KIB
)  # L: of messages in one event; base64 of it fits the 1 MiB of an event
MAX_SUBSCRIPTION_EVENTS: Final = 10_000  # L: in one event

# Live Tail (M: documentation of StartLiveTail)
MAX_LIVE_TAIL_S: Final = 3 * 3_600  # M
LIVE_TAIL_PERIOD_S: Final = 1.0  # M: an update at least so often
LIVE_TAIL_GATHER_S: Final = 0.05  # L: between two updates that have lines
MAX_LIVE_TAIL_EVENTS: Final = 500  # M: in one update, and in one second
MAX_LIVE_TAIL_UPDATE_BYTES: Final = 4 * MIB  # L: of messages in one update; SDKs take frames of 16 MiB
MAX_LIVE_TAIL_BACKLOG: Final = 5_000  # M: events kept for a client that reads slowly; then the oldest go
MAX_LIVE_TAIL_BACKLOG_BYTES: Final = 8 * MIB  # L
MAX_LIVE_TAIL_SESSIONS: Final = (
    15  # Q: CloudWatch Logs quotas, "Live Tail concurrent sessions", of an account
)

# Filter patterns (Q: CloudWatch Logs user guide, "Filter pattern syntax …")
MAX_LOG_PATTERN_EXPRESSIONS: Final = 2  # Q: in one pattern
MAX_LOG_SELECTOR_WILDCARDS: Final = 3  # Q: in one pattern, and one in each selector
MAX_LOG_EXPRESSION_STEPS: Final = 2_000  # L: characters with their repetitions, of one regular expression
MAX_LOG_EXPRESSION_STATES: Final = (
    500  # L: remembered of one; 64 of them and their rows are some 30 MB at most
)

# The log store
DAY_MS: Final = 86_400_000
LOG_CHUNK_BYTES: Final = 256 * KIB  # L: text stored as one piece; as large as merged ones are to be
LOG_CHUNK_LINES: Final = 10_000  # L: of one piece
LOG_CHUNK_SPAN_MS: Final = 4 * 3_600_000  # L: between two events of one piece
LOG_UPKEEP_S: Final = 10.0  # L: between two rounds of merging, retention and freeing
LOG_MERGE_CHUNKS: Final = 64  # L: small pieces of one stream from which on they are merged
LOG_MERGE_QUIET_MS: Final = 600_000  # L: nothing stored for so long: fewer are merged too
LOG_STEP_CHUNKS: Final = 256  # L: pieces merged or deleted in one step
LOG_STEP_PAGES: Final = 256  # L: pages of the file (1 MiB) given back in one step
LOG_FREE_PAGES: Final = 2_048  # L: free pages (8 MiB) that the file keeps for what comes
LOG_PAGE_BYTES: Final = 4 * MIB  # L: text of one reading; it ends with the event that comes over it
LOG_SEARCH_S: Final = 5.0  # L: after this a search answers what it has found so far
LOG_SEARCH_START_S: Final = 30.0  # L: within which a search process has started
LOG_SEARCH_GRACE_S: Final = 0.5  # L: behind its time after which a search process is killed
LOG_SEARCH_PROCESSES: Final = 2  # L: searching at once
LOG_SEARCH_IDLE_S: Final = 300.0  # L: for which a search process waits for the next search
LOG_SEARCH_PATIENCE: Final = 3  # L: so many times longer for the first events of a range, or it has failed
LOG_FLUSH_DELAY_S: Final = 0.04  # L: lines taken together for one commit; on disk within 100 ms
MAX_PENDING_LOG_BYTES: Final = 64 * MIB  # L: kept in memory when the disk does not keep up; then dropped
LOG_BEHIND_BYTES: Final = 16 * MIB  # L: pending from which on outputs are not read
LOG_STALL_S: Final = 5.0  # L: the longest that printing waits for the log store

# CloudWatch metrics (C: CloudWatch documentation, "Metrics concepts" and the model of PutMetricData)
METRIC_VALUE_LIMIT: Final = 2.0**360  # C: "Values must be in the range of -2^360 to 2^360"
METRIC_RETENTION_S: Final = {  # C: "Metrics retention", by the seconds that one point stands for
    1: 3 * 3_600,
    60: 15 * 86_400,
    300: 63 * 86_400,
    3_600: 455 * 86_400,
}
MAX_METRIC_REQUEST_BYTES: Final = 1_048_576  # C: a request as it is sent; PutMetricData is "limited to 1 MB"
MAX_UNPACKED_REQUEST_BYTES: Final = 8 * MIB  # L: of a compressed request
LONG_METRIC_REQUEST_BYTES: Final = 32 * KIB  # L: longer ones are read beside the event loop
MAX_METRIC_AGE_S: Final = 14 * 86_400  # C: "as much as two weeks before the current date"
MAX_METRIC_AHEAD_S: Final = 2 * 3_600  # C: "as much as 2 hours after the current day and time"
MAX_PUT_METRICS: Final = 1_000  # C: metrics of one PutMetricData
MAX_METRIC_VALUES: Final = 150  # C: unique values of one of them
MAX_METRIC_QUERIES: Final = 500  # C: of one GetMetricData
MAX_METRIC_DATAPOINTS: Final = 100_800  # C: of one answer of GetMetricData; also the default
MAX_METRIC_POINTS_READ: Final = 100_800  # L: stored points that one answer is made of, about
MAX_STATISTICS_DATAPOINTS: Final = 1_440  # C: of one GetMetricStatistics
METRICS_PAGE: Final = 500  # C: of ListMetrics
METRIC_LISTED_S: Final = 14 * 86_400  # C: what has not been measured for longer is not listed
METRIC_RECENT_S: Final = 3 * 3_600  # C: RecentlyActive PT3H

# The metric store
METRIC_SKETCH_ERROR: Final = 0.01  # L: the greatest relative error of a percentile
MAX_METRIC_BUCKETS: Final = (
    2_048  # L: of one sketch: values 17 orders of magnitude apart; lower ones share one
)
METRIC_FLUSH_DELAY_S: Final = 0.5  # L: data taken together for one commit; on disk within a second
MAX_PENDING_METRIC_VALUES: Final = 200_000  # L: kept in memory when the disk does not keep up; then dropped
MAX_METRIC_SERIES: Final = 50_000  # L: of one account in one region; AWS has no bound, a disk has
METRIC_ROLL_UP_S: Final = 600.0  # L: between two looks at what has become old
METRIC_ROLL_UP_PAUSE_S: Final = 0.2  # L: between two steps of one look
METRIC_ROLL_UP_SERIES: Final = 20  # L: series looked at in one step
METRIC_ROLL_UP_POINTS: Final = 1_500  # L: points of one series rolled up in one step

# Telemetry and Logs APIs (Q: "Configuring memory usage and buffering" of the developer guide)
MIN_TELEMETRY_ITEMS: Final = 1_000  # Q
MAX_TELEMETRY_ITEMS: Final = 10_000  # Q: also the default
MIN_TELEMETRY_BYTES: Final = 262_144  # Q: also the default
MAX_TELEMETRY_BYTES: Final = 1_048_576  # Q
MIN_TELEMETRY_TIMEOUT_MS: Final = 25  # Q
DEFAULT_TELEMETRY_TIMEOUT_MS: Final = 1_000  # Q
MAX_TELEMETRY_TIMEOUT_MS: Final = 30_000  # Q
RESERVED_PORT: Final = 9_001  # Q: "Lambda reserves port 9001"
TELEMETRY_ANSWER_S: Final = 5.0  # L: for a subscriber to take one batch while it is not frozen
TELEMETRY_ATTEMPTS: Final = 10  # L: then a batch is given up and counted
TELEMETRY_FIRST_RETRY_S: Final = 0.1  # L: doubled with each attempt
TELEMETRY_LAST_RETRY_S: Final = 2.0  # L
MAX_TELEMETRY_ANSWER_BYTES: Final = 64 * KIB  # L: of a subscriber's answer; a longer one ends its connection
MAX_EARLY_EVENTS: Final = 100  # L: platform events of Init that are kept for who subscribes later

# Identity (Q: "IAM and AWS STS quotas"; characters of documents count without white space)
MAX_ROLES: Final = 1_000  # Q: per account
MAX_USERS: Final = 5_000  # Q: per account
MAX_GROUPS: Final = 300  # Q: per account
MAX_MANAGED_POLICIES: Final = 1_500  # Q: per account
MAX_POLICY_VERSIONS: Final = 5  # Q: of a managed policy
MAX_MANAGED_POLICY_CHARACTERS: Final = 6_144  # Q
MAX_TRUST_POLICY_CHARACTERS: Final = 2_048  # Q
MAX_ROLE_POLICY_CHARACTERS: Final = 10_240  # Q: all inline policies of a role together
MAX_USER_POLICY_CHARACTERS: Final = 2_048  # Q
MAX_GROUP_POLICY_CHARACTERS: Final = 5_120  # Q
MAX_ATTACHED_POLICIES: Final = 10  # Q: managed policies of a role, user or group
MAX_GROUPS_OF_USER: Final = 10  # Q
MAX_ACCESS_KEYS: Final = 2  # Q: per user
MIN_SESSION_S: Final = 900  # M: AssumeRole and GetSessionToken
DEFAULT_SESSION_S: Final = 3_600  # M: AssumeRole
MAX_CHAINED_SESSION_S: Final = 3_600  # Q: of a role assumed by a role
DEFAULT_TOKEN_SESSION_S: Final = 43_200  # M: GetSessionToken
MAX_TOKEN_SESSION_S: Final = 129_600  # M: GetSessionToken of a user
MAX_ROOT_SESSION_S: Final = 3_600  # M: GetSessionToken of an account's root
MAX_SESSION_POLICY_ARNS: Final = 10  # Q
SESSION_BEYOND_AGE_S: Final = 1_800.0  # L: an environment's credentials outlive its last event by this

# Names
MAX_FUNCTION_REFERENCE: Final = 256  # M: NamespacedFunctionName, name or ARN
MAX_QUALIFIER: Final = 128  # M: NumericLatestPublishedOrAliasQualifier
MAX_FUNCTION_NAME: Final = 64  # O: a bare name
MAX_ALIAS_WEIGHTS: Final = 1  # O: additional versions an alias points at

# Code locations
CODE_LOCATION_TTL_S: Final = 600  # Q: the link of GetFunction is valid for ten minutes
MAX_ARCHIVE_PATH_BYTES: Final = 1_024  # L: of one entry; keeps unpacking clear of the kernel's PATH_MAX
CODE_GRACE_S: Final = 600.0  # L: code put this recently is never collected

# Settling
SETTLE_DELAY_S: Final = 0.2  # L: from Pending to Active; AWS takes seconds, clients only poll for it

# Byte code made at publish (L: all of them)
COMPILE_WITHIN_S: Final = 120.0  # for one tree, its sandbox included; then nothing of it is kept
COMPILE_CPU_S: Final = 30  # of one tree; what is not compiled by then is left out
COMPILE_MEMORY_BYTES: Final = 512 * MIB  # of the process; its sandbox has a quarter more
MIN_COMPILED_SOURCE_BYTES: Final = 2 * KIB  # of a tree; compiling less takes about a millisecond
MAX_COMPILED_SOURCE_BYTES: Final = 2 * MIB  # of one file: compiling takes about a hundred times its size
MAX_COMPILED_FILE_BYTES: Final = 8 * MIB  # byte code of one file
MAX_COMPILED_BYTES: Final = MAX_UNZIPPED_BYTES  # byte code of one tree
MAX_WAITING_COMPILES: Final = 10_000  # functions; what finds no place is made when it is next started
COMPILE_AFTER_START_S: Final = 1.0  # an environment that was started without byte code comes first

# Last accesses of users and roles
MOST_ACCESSING: Final = 10_000  # L: users and roles of which they are known; then the first is forgotten
MOST_ACCESSED_ACTIONS: Final = 500  # L: of each
MOST_ACCESS_REPORTS: Final = 1_000  # L: kept in memory until they are fetched
ACCESSES_KEPT_S: Final = 300.0  # L: how often they are kept; AWS shows them within four hours

# Metrics and the bill
MEASURE_LOOK_S: Final = 1.0  # L: how often what was measured is looked at; a killed server loses no more
METRICS_PUT_S: Final = 10.0  # L: metrics gather so long, unless somebody reads them
MAX_MEASURED: Final = 200_000  # L: invocations held until they are looked at, 40 MB; then the oldest are lost
FREE_STREAMED_BYTES: Final = 6 * MIB  # Q: of each streamed response, AWS's pricing page
FREE_EPHEMERAL_MIB: Final = 512  # Q: of /tmp, AWS's pricing page
PROVISIONED_STEP_S: Final = 300  # Q: provisioned concurrency is "rounded up to the nearest five minutes"
USAGE_KEPT_DAYS: Final = 1_100  # L: what the bill is made of; three years and a month

# Embedded metric format (Q: its specification, unless another letter stands there)
MAX_EMF_BYTES: Final = MIB  # Q: of a log event, which the document may fill
MAX_EMF_METRICS: Final = 100  # of a directive
MAX_EMF_VALUES: Final = 100  # of a metric
MAX_EMF_DIMENSIONS: Final = 30  # of a set
MAX_EMF_DATA: Final = 1_000  # L: series that one document counts in; AWS names no bound
MAX_EMF_PENDING_BYTES: Final = 8 * MIB  # L: of documents that wait to be read, for at most a second
EMF_PAST_MS: Final = 14 * 24 * 3_600_000  # how old a time stamp may be: two weeks
EMF_FUTURE_MS: Final = 2 * 3_600_000  # how far ahead: two hours
# What operators see (L: all of them)
DURATION_BOUNDS_S: Final = (
    *(0.000_1, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0),
)  # of histograms: from what a warm call waits to the longest timeout
LOOP_LOOK_S: Final = 0.5  # how often the loop's lag is measured, once somebody has scraped
READY_FRESH_S: Final = 2.0  # who asks more often is told the same again
READY_WITHIN_S: Final = 2.0  # a disk that takes longer to write a few bytes is not ready
READY_PROBE_BYTES: Final = 4 * KIB  # written to see whether the disk has room
MOST_WAITING_TRACES: Final = 4_096  # what exporters have not sent yet; more are dropped and counted
RECENT_INVOCATIONS: Final = 100  # L: kept in memory of each function, for people; half a KB each
RECENT_FUNCTIONS: Final = 200  # L: of which they are kept beside those that have environments
TRACES_AT_ONCE: Final = 256  # in one request
TRACE_DELAY_S: Final = 1.0  # so long exporters wait for more to send at once
TRACE_SEND_S: Final = 5.0  # for one request to the collector
MAX_SEGMENT_BYTES: Final = 64_000  # Source: X-Ray developer guide, "A segment document can be up to 64 kB"
XRAY_PER_SECOND: Final = 1  # Q: Active tracing samples the first request of each second …
XRAY_SHARE: Final = 0.05  # Q: … and five percent of the others
# The companion (L: all of them)
COMPANION_START_S: Final = 60.0  # until it answers; it takes one or two
COMPANION_STOP_S: Final = 15.0  # to write what it keeps; then it is killed
COMPANION_LASTS_S: Final = 30.0  # a process that ran so long was well started
COMPANION_LINE_BYTES: Final = 64 * KIB  # of what it says, at once
COMPANION_TICKET_S: Final = 7_200.0  # it may act for the caller of a request so long; stacks take an hour
# Notifications of S3 servers that are elsewhere
MAX_NOTIFICATION_RULES: Final = (
    100  # Q: S3 user guide, "up to 100 event notification configurations" of a bucket
)
MAX_NOTIFICATION_BYTES: Final = 512 * KIB  # L: of the document that names them
MAX_WEBHOOK_BYTES: Final = MIB  # L: of what a server sends at once
MAX_BUCKET_RECORDS: Final = 1_000  # L: in it
