// Calls a streaming function with @aws-sdk/client-lambda; prints what it saw as JSON.
const {
    LambdaClient, InvokeWithResponseStreamCommand, TagResourceCommand, GetFunctionConfigurationCommand,
} = require('@aws-sdk/client-lambda');

const [endpoint, FunctionName] = process.argv.slice(2);
const client = new LambdaClient({
    endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1,
});
const begin = (event, more) =>
    client.send(new InvokeWithResponseStreamCommand({ FunctionName, Payload: JSON.stringify(event), ...more }));

async function main() {
    const seen = { body: '' };
    const { FunctionArn } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const answer = await begin('waits', { LogType: 'Tail' });
    seen.status = answer.StatusCode;
    for await (const event of answer.EventStream) {
        if (event.InvokeComplete) {
            seen.complete = event.InvokeComplete;
            continue;
        }
        seen.body += Buffer.from(event.PayloadChunk.Payload).toString();
        if (seen.first === undefined) {
            seen.first = seen.body;
            await client.send(new TagResourceCommand({ Resource: FunctionArn, Tags: { go: '1' } }));
        }
    }
    for await (const event of (await begin('fails later')).EventStream) {
        if (event.InvokeComplete) seen.failure = event.InvokeComplete;
    }
    seen.missing = await begin('x', { FunctionName: 'absent' }).catch((error) => error.name);
    console.log(JSON.stringify(seen));
}

main();
