export const handler = async (event) => ({ esm: event });
export default { inDefault: async () => "from default" };
