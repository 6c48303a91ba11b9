// Runs another program of Node's in two processes that share its port: node twice.js PROGRAM [ARGUMENT ...]
"use strict";

const cluster = require("node:cluster");
const path = require("node:path");

if (cluster.isPrimary) {
  for (let number = 0; number < 2; number += 1) cluster.fork();
} else {
  process.argv.splice(1, 1);
  require(path.resolve(process.argv[1]));
}
