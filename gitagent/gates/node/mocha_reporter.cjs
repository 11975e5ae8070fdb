// A reporter for mocha: what its own `spec` prints, and beside it one JSON line a test, its outcome
// and its id. mocha takes one reporter only, and the JSON one prints nothing for people.
"use strict";

const { appendFileSync } = require("node:fs");
const { dirname, join, relative } = require("node:path");

const Spec = require(join(dirname(require.main.filename), "..", "lib", "reporters", "spec"));
const place = join(process.env.GATE_RESULTS, "tests.jsonl");

module.exports = class extends Spec {
  constructor(runner, options) {
    super(runner, options);
    const note = (outcome, test) => {
      const file = test.file ? relative(process.cwd(), test.file) : "";
      const id = [file, test.titlePath().join(" > ")].filter(Boolean).join("::");
      appendFileSync(place, `${JSON.stringify([outcome, id])}\n`);
    };
    runner.on("pass", (test) => note("passed", test));
    runner.on("fail", (test) => note("failed", test));
    runner.on("pending", (test) => note("skipped", test));
  }
};
