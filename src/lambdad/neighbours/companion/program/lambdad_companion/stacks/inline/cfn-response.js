"use strict";
// Tells CloudFormation what became of a custom resource.
exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";
exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: "See the details in CloudWatch Log Stream: " + context.logStreamName,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  const url = new URL(event.ResponseURL);
  const client = require(url.protocol === "https:" ? "https" : "http");
  const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = client.request(url, { method: "PUT", headers }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(context.done && context.done()));
    });
    request.on("error", (error) => reject(error));
    request.end(body);
  });
};
