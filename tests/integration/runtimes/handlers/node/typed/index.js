export const handler = async () => "typed";
