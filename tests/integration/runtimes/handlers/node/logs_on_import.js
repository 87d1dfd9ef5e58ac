console.log("while importing"); exports.handler = async () => "ok";
