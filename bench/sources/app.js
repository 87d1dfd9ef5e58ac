// The Node function under load.
exports.handler = async () => ({ ok: 1 });
exports.echo = async (event) => event;
