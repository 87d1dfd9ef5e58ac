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

# The log store
LOG_FLUSH_DELAY_S: Final = 0.04  # L: lines taken together for one commit; on disk within 100 ms
MAX_PENDING_LOG_BYTES: Final = 64 * MIB  # L: kept in memory when the disk does not keep up; then dropped
LOG_BEHIND_BYTES: Final = 16 * MIB  # L: pending from which on outputs are not read
LOG_STALL_S: Final = 5.0  # L: the longest that printing waits for the log store

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

# The companion (L: all of them)
COMPANION_START_S: Final = 60.0  # until it answers; it takes one or two
COMPANION_STOP_S: Final = 15.0  # to write what it keeps; then it is killed
COMPANION_LASTS_S: Final = 30.0  # a process that ran so long was well started
COMPANION_LINE_BYTES: Final = 64 * KIB  # of what it says, at once
COMPANION_TICKET_S: Final = 7_200.0  # it may act for the caller of a request so long; stacks take an hour
