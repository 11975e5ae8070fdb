// A reporter for `node --test`: one JSON line a test, its outcome and its id. The built-in ones do
// not say in which file a test stands. It runs in the process that starts the tests' processes.
import { relative } from "node:path";

const above = new Map();

export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== "test:start" && type !== "test:pass" && type !== "test:fail") continue;
    const file = data.file ? relative(process.cwd(), data.file) : "";
    const names = (above.get(file) ?? []).slice(0, data.nesting);
    above.set(file, [...names, data.name]);
    const suite = data.details?.type === "suite";
    if (type === "test:start" || (suite && type === "test:pass")) continue;
    if (suite && /subtests? failed/.test(String(data.details?.error?.message ?? ""))) continue;
    const whole = data.nesting === 0 && (data.name === data.file || data.name === file);
    if (whole && type === "test:pass") continue;
    const skipped = (data.skip ?? false) !== false || (data.todo ?? false) !== false;
    const outcome = skipped ? "skipped" : type === "test:pass" ? "passed" : "failed";
    const id = whole ? file : `${file}::${[...names, data.name].join(" > ")}`;
    yield `${JSON.stringify([outcome, id])}\n`;
  }
}
