// Loaded before a program of Node's that would listen on every address: it listens on loopback alone.
"use strict";
const net = require("node:net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (where, ...rest) {
  const given = typeof where === "object" ? where : { port: where };
  return listen.call(this, { ...given, host: "127.0.0.1" }, ...rest.filter((each) => typeof each === "function"));
};
