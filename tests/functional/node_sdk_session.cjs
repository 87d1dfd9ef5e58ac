// Creates, calls, breaks and deletes a function with @aws-sdk/client-lambda; prints what it saw as JSON.
const {
    LambdaClient, CreateFunctionCommand, InvokeCommand, GetFunctionCommand, DeleteFunctionCommand,
    ListFunctionsCommand, waitUntilFunctionActiveV2,
} = require('@aws-sdk/client-lambda');
const { readFileSync } = require('node:fs');

const [endpoint, archive, role] = process.argv.slice(2);
const client = new LambdaClient({
    endpoint, region: 'us-west-2', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1,
});
const FunctionName = 'from-node';

async function refused(command) {
    try {
        await client.send(command);
        return null;
    } catch (error) {
        return {
            name: error.name, message: error.message, status: error.$metadata.httpStatusCode,
            fault: error.$fault, type: error.Type, id: typeof error.$metadata.requestId,
        };
    }
}

async function main() {
    const seen = {};
    seen.created = (await client.send(new CreateFunctionCommand({
        FunctionName, Runtime: 'nodejs20.x', Handler: 'index.handler', Role: role, Timeout: 20,
        Code: { ZipFile: readFileSync(archive) },
    }))).State;
    await waitUntilFunctionActiveV2({ client, maxWaitTime: 20, minDelay: 1 }, { FunctionName });
    const answer = await client.send(new InvokeCommand({ FunctionName, Payload: '{"n":20}', LogType: 'Tail' }));
    seen.answer = JSON.parse(answer.Payload.transformToString());
    seen.log = Buffer.from(answer.LogResult, 'base64').toString();
    seen.executed = answer.ExecutedVersion;
    const failure = await client.send(new InvokeCommand({ FunctionName, Payload: '{"fail":true}' }));
    seen.functionError = failure.FunctionError;
    seen.failure = JSON.parse(failure.Payload.transformToString());
    seen.badPayload = await refused(new InvokeCommand({ FunctionName, Payload: 'no json' }));
    seen.listed = (await client.send(new ListFunctionsCommand({}))).Functions.map((each) => each.FunctionName);
    await client.send(new DeleteFunctionCommand({ FunctionName }));
    seen.missing = await refused(new GetFunctionCommand({ FunctionName }));
    console.log(JSON.stringify(seen));
}

main();
