/** Events as the sources of AWS send them, to try functions with. */

const at = "2026-11-27T12:00:00.000Z";
const region = "us-east-1";
const account = "000000000000";

export const TEMPLATES: Readonly<Record<string, unknown>> = {
  "Hello world": { key1: "value1", key2: "value2" },
  "API Gateway HTTP API": {
    version: "2.0", routeKey: "$default", rawPath: "/path", rawQueryString: "name=Ada", headers: { "content-type": "application/json" },
    queryStringParameters: { name: "Ada" },
    requestContext: { accountId: account, apiId: "api-id", domainName: "id.execute-api.us-east-1.amazonaws.com", http: { method: "POST", path: "/path", protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "agent" }, requestId: "id", routeKey: "$default", stage: "$default", time: "27/Nov/2026:12:00:00 +0000", timeEpoch: 1795780800000 },
    body: "{\"name\": \"Ada\"}", isBase64Encoded: false,
  },
  "API Gateway REST API": {
    resource: "/{proxy+}", path: "/path", httpMethod: "GET", headers: { Accept: "*/*" }, multiValueHeaders: { Accept: ["*/*"] },
    queryStringParameters: { name: "Ada" }, multiValueQueryStringParameters: { name: ["Ada"] }, pathParameters: { proxy: "path" }, stageVariables: null,
    requestContext: { accountId: account, apiId: "api-id", httpMethod: "GET", path: "/prod/path", protocol: "HTTP/1.1", requestId: "id", resourceId: "abc", resourcePath: "/{proxy+}", stage: "prod", identity: { sourceIp: "192.0.2.1", userAgent: "agent" } },
    body: null, isBase64Encoded: false,
  },
  "Function URL": {
    version: "2.0", routeKey: "$default", rawPath: "/", rawQueryString: "", headers: { "content-type": "application/json" },
    requestContext: { accountId: "anonymous", apiId: "url-id", domainName: "url-id.lambda-url.us-east-1.on.aws", http: { method: "POST", path: "/", protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "agent" }, requestId: "id", routeKey: "$default", stage: "$default", time: "27/Nov/2026:12:00:00 +0000", timeEpoch: 1795780800000 },
    body: "{}", isBase64Encoded: false,
  },
  "S3 put": { Records: [{ eventVersion: "2.1", eventSource: "aws:s3", awsRegion: region, eventTime: at, eventName: "ObjectCreated:Put", userIdentity: { principalId: "EXAMPLE" }, requestParameters: { sourceIPAddress: "127.0.0.1" }, responseElements: { "x-amz-request-id": "EXAMPLE", "x-amz-id-2": "EXAMPLE" }, s3: { s3SchemaVersion: "1.0", configurationId: "config", bucket: { name: "example-bucket", ownerIdentity: { principalId: "EXAMPLE" }, arn: "arn:aws:s3:::example-bucket" }, object: { key: "test%2Fkey", size: 1024, eTag: "0123456789abcdef0123456789abcdef", sequencer: "0A1B2C3D4E5F678901" } } }] },
  "S3 delete": { Records: [{ eventVersion: "2.1", eventSource: "aws:s3", awsRegion: region, eventTime: at, eventName: "ObjectRemoved:Delete", userIdentity: { principalId: "EXAMPLE" }, requestParameters: { sourceIPAddress: "127.0.0.1" }, responseElements: { "x-amz-request-id": "EXAMPLE", "x-amz-id-2": "EXAMPLE" }, s3: { s3SchemaVersion: "1.0", configurationId: "config", bucket: { name: "example-bucket", ownerIdentity: { principalId: "EXAMPLE" }, arn: "arn:aws:s3:::example-bucket" }, object: { key: "test%2Fkey", sequencer: "0A1B2C3D4E5F678901" } } }] },
  SQS: { Records: [{ messageId: "19dd0b57-b21e-4ac1-bd88-01bbb068cb78", receiptHandle: "MessageReceiptHandle", body: "Hello from SQS!", attributes: { ApproximateReceiveCount: "1", SentTimestamp: "1795780800000", SenderId: account, ApproximateFirstReceiveTimestamp: "1795780800001" }, messageAttributes: {}, md5OfBody: "7b270e59b47ff90a553787216d55d91d", eventSource: "aws:sqs", eventSourceARN: `arn:aws:sqs:${region}:${account}:MyQueue`, awsRegion: region }] },
  SNS: { Records: [{ EventVersion: "1.0", EventSubscriptionArn: `arn:aws:sns:${region}:${account}:topic:id`, EventSource: "aws:sns", Sns: { SignatureVersion: "1", Timestamp: at, Signature: "EXAMPLE", SigningCertUrl: "EXAMPLE", MessageId: "95df01b4-ee98-5cb9-9903-4c221d41eb5e", Message: "Hello from SNS!", MessageAttributes: { Test: { Type: "String", Value: "TestString" } }, Type: "Notification", UnsubscribeUrl: "EXAMPLE", TopicArn: `arn:aws:sns:${region}:${account}:topic`, Subject: "TestInvoke" } }] },
  EventBridge: { version: "0", id: "cdc73f9d-aea9-11e3-9d5a-835b769c0d9c", "detail-type": "Example", source: "com.example", account, time: "2026-11-27T12:00:00Z", region, resources: [], detail: { state: "done" } },
  Schedule: { version: "0", id: "cdc73f9d-aea9-11e3-9d5a-835b769c0d9c", "detail-type": "Scheduled Event", source: "aws.events", account, time: "2026-11-27T12:00:00Z", region, resources: [`arn:aws:events:${region}:${account}:rule/every-minute`], detail: {} },
  Kinesis: { Records: [{ kinesis: { kinesisSchemaVersion: "1.0", partitionKey: "1", sequenceNumber: "49590338271490256608559692538361571095921575989136588898", data: "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==", approximateArrivalTimestamp: 1795780800.123 }, eventSource: "aws:kinesis", eventVersion: "1.0", eventID: "shardId-000000000006:49590338271490256608559692538361571095921575989136588898", eventName: "aws:kinesis:record", invokeIdentityArn: `arn:aws:iam::${account}:role/lambda-role`, awsRegion: region, eventSourceARN: `arn:aws:kinesis:${region}:${account}:stream/lambda-stream` }] },
  "DynamoDB stream": { Records: [{ eventID: "c4ca4238a0b923820dcc509a6f75849b", eventName: "INSERT", eventVersion: "1.1", eventSource: "aws:dynamodb", awsRegion: region, dynamodb: { ApproximateCreationDateTime: 1795780800, Keys: { Id: { N: "101" } }, NewImage: { Id: { N: "101" }, Message: { S: "New item!" } }, SequenceNumber: "111", SizeBytes: 26, StreamViewType: "NEW_AND_OLD_IMAGES" }, eventSourceARN: `arn:aws:dynamodb:${region}:${account}:table/Example/stream/2026-11-27T00:00:00.000` }] },
  "Apache Kafka": { eventSource: "SelfManagedKafka", bootstrapServers: "localhost:9092", records: { "topic-0": [{ topic: "topic", partition: 0, offset: 15, timestamp: 1795780800000, timestampType: "CREATE_TIME", key: "a2V5", value: "SGVsbG8gZnJvbSBLYWZrYQ==", headers: [{ name: [86, 97, 108] }] }] } },
  "Amazon MSK": { eventSource: "aws:kafka", eventSourceArn: `arn:aws:kafka:${region}:${account}:cluster/example/6cc0432b-8618-4f44-bccc-e1fbd8fb7c4d-2`, bootstrapServers: "b-2.example.kafka.us-east-1.amazonaws.com:9092", records: { "topic-0": [{ topic: "topic", partition: 0, offset: 15, timestamp: 1795780800000, timestampType: "CREATE_TIME", key: "a2V5", value: "SGVsbG8gZnJvbSBLYWZrYQ==", headers: [{ name: [86, 97, 108] }] }] } },
  "CloudWatch Logs": { awslogs: { data: "H4sIAAAAAAAAAHWPwQqCQBCGX0Xm7EFtK+smZBEUgXoLCdMhFtKV3akI8d0bLYmibvPPN3wz00CJxmQnTO41whwWQRIctmEcB6sQbFC3CjW3XW8kxpOpP+OC22d1Wml1qZkQGtoMsScxaczKN3plG8zlaHIta5KqWsozoTYw3/djzwhpLwivWFGHGpAFe7DL68JlBUk+l7KSN7tCOEJ4M3/qOI49vMHj+zCKdlFqLaU2ZHV2a4Ct/an0/ivdX8oYc1UVX860fQDQiMdxRQEAAA==" } },
  "Cognito pre sign-up": { version: "1", region, userPoolId: "pool", userName: "ada", callerContext: { awsSdkVersion: "1", clientId: "client" }, triggerSource: "PreSignUp_SignUp", request: { userAttributes: { email: "ada@example.com" }, validationData: null }, response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false } },
  "Application load balancer": { requestContext: { elb: { targetGroupArn: `arn:aws:elasticloadbalancing:${region}:${account}:targetgroup/lambda/0123456789abcdef` } }, httpMethod: "GET", path: "/lambda", queryStringParameters: { query: "1234ABCD" }, headers: { accept: "*/*", "user-agent": "agent" }, body: "", isBase64Encoded: false },
  "Destination of an asynchronous call": { version: "1.0", timestamp: at, requestContext: { requestId: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", functionArn: `arn:aws:lambda:${region}:${account}:function:example:$LATEST`, condition: "RetriesExhausted", approximateInvokeCount: 3 }, requestPayload: { key1: "value1" }, responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" }, responsePayload: { errorMessage: "it failed", errorType: "ValueError" } },
  "Step Functions task": { input: { order: 1 }, taskToken: "token" },
};
