// Deploys a function twice behind an alias with @aws-sdk/client-lambda, rolls back and deletes; prints what it saw.
const {
    LambdaClient, CreateFunctionCommand, InvokeCommand, PublishVersionCommand, CreateAliasCommand, UpdateAliasCommand,
    GetAliasCommand, UpdateFunctionCodeCommand, UpdateFunctionConfigurationCommand, GetFunctionConfigurationCommand,
    DeleteFunctionCommand, DeleteAliasCommand, paginateListVersionsByFunction, paginateListAliases,
    waitUntilFunctionActiveV2, waitUntilFunctionUpdatedV2, waitUntilPublishedVersionActive,
} = require('@aws-sdk/client-lambda');
const { readFileSync } = require('node:fs');

const [endpoint, first, second, role] = process.argv.slice(2);
const client = new LambdaClient({
    endpoint, region: 'ca-central-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1,
});
const FunctionName = 'deployed-from-node';
const waiting = { client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 };
const seen = {};

async function behind(Qualifier) {
    const answer = await client.send(new InvokeCommand({ FunctionName, Qualifier, Payload: '{}' }));
    return [JSON.parse(answer.Payload.transformToString()), answer.ExecutedVersion];
}

async function point(FunctionVersion) {
    const moved = await client.send(new UpdateAliasCommand({ FunctionName, Name: 'live', FunctionVersion }));
    return moved.FunctionVersion;
}

async function everything(pages, member) {
    const found = [];
    for await (const page of pages) found.push(...page[member]);
    return found;
}

async function deploy() {
    await client.send(new CreateFunctionCommand({
        FunctionName, Runtime: 'nodejs20.x', Handler: 'index.handler', Role: role, Timeout: 20,
        Code: { ZipFile: readFileSync(first) },
    }));
    await waitUntilFunctionActiveV2(waiting, { FunctionName });
    seen.published = (await client.send(new PublishVersionCommand({ FunctionName }))).Version;
    await waitUntilPublishedVersionActive(waiting, { FunctionName, Qualifier: seen.published });
    seen.alias = (await client.send(new CreateAliasCommand({
        FunctionName, Name: 'live', FunctionVersion: seen.published, Description: 'what is called',
    }))).AliasArn;
    seen.first = await behind('live');
}

async function change() {
    await client.send(new UpdateFunctionConfigurationCommand({
        FunctionName, Environment: { Variables: { STAGE: 'second' } },
    }));
    await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
    seen.updated = (await client.send(new UpdateFunctionCodeCommand({
        FunctionName, ZipFile: readFileSync(second), Publish: true,
    }))).Version;
    await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
    seen.unmoved = await behind('live');
    seen.moved = await point(seen.updated);
    seen.second = await behind('live');
    seen.rolledBack = await point(seen.published);
    seen.third = await behind('live');
}

async function remove() {
    const listed = await everything(paginateListVersionsByFunction({ client, pageSize: 1 }, { FunctionName }), 'Versions');
    seen.versions = listed.map((each) => each.Version);
    const aliases = await everything(paginateListAliases({ client }, { FunctionName }), 'Aliases');
    seen.aliases = aliases.map((each) => [each.Name, each.FunctionVersion, each.Description]);
    await client.send(new DeleteAliasCommand({ FunctionName, Name: 'live' }));
    await client.send(new DeleteFunctionCommand({ FunctionName }));
    seen.gone = [];
    for (const command of [
        new GetAliasCommand({ FunctionName, Name: 'live' }), new GetFunctionConfigurationCommand({ FunctionName }),
    ]) {
        seen.gone.push(await client.send(command).then(() => 'there', (error) => error.name));
    }
}

deploy().then(change).then(remove).then(() => console.log(JSON.stringify(seen)));
