// A greeting and a few facts about where it ran.
export const handler = async (event, context) => {
  const name = event?.name ?? 'world';
  console.log(`greeting ${name}`);
  return {
    greeting: `Hello, ${name}!`,
    function: context.functionName,
    requestId: context.awsRequestId,
    remainingMs: context.getRemainingTimeInMillis(),
    runtime: process.env.AWS_EXECUTION_ENV,
    node: process.versions.node,
  };
};
