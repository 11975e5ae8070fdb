"""The program that parses every JavaScript file of a tree in one process; `node -e` is handed it.

It loads nothing of the tree. What is written for a transpiler cannot be judged by node and is
passed over.
"""

from __future__ import annotations

OPTIONS = ("--experimental-vm-modules", "--no-warnings", "-e")

# A file counts as sound where it parses as a module or as a script: which one it is may be said in
# places that we do not know of.
PROGRAM = r"""
const fs = require("node:fs"), path = require("node:path"), vm = require("node:vm");
const SKIPPED = new Set(["node_modules", "bower_components", "dist", "build", "vendor"]);
const LARGEST = 1000000;

function* sources(folder) {
  let entries;
  try { entries = fs.readdirSync(folder, { withFileTypes: true }); } catch { return; }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name) && !entry.name.startsWith(".")) yield* sources(at);
    } else if (entry.isFile() && /\.[cm]?js$/.test(entry.name) && !/\.min\.js$/.test(entry.name)) {
      yield at;
    }
  }
}

function asModule(text, filename) {
  new vm.SourceTextModule(text, { identifier: filename });
}

function asScript(text, filename) {
  const lead = "(function (exports, require, module, __filename, __dirname) { ";
  new vm.Script(lead + text + "\n})", { filename });
}

function problem(file) {
  if (fs.statSync(file).size > LARGEST) return null;
  const text = fs.readFileSync(file, "utf8").replace(/^\uFEFF/, "").replace(/^#!.*/, "");
  if (/@(?:flow|jsx)\b/.test(text.slice(0, 1000))) return null;
  const kinds = file.endsWith(".mjs") ? [asModule]
    : file.endsWith(".cjs") ? [asScript]
    : /^\s*(?:import|export)\b/m.test(text) ? [asScript, asModule] : [asModule, asScript];
  let last;
  for (const kind of kinds) {
    try { kind(text, file); return null; } catch (error) { last = error; }
  }
  if (!(last instanceof SyntaxError) || /Unexpected token '<'/.test(last.message)) return null;
  const line = /:(\d+)\n/.exec(last.stack.slice(file.length));
  return `${file}:${line ? line[1] : 1}: ${last.message}`;
}

let failed = 0;
for (const folder of process.argv.slice(1)) {
  for (const file of sources(folder)) {
    const said = problem(file);
    if (said) { failed = 1; fs.writeSync(1, said + "\n"); }
  }
}
process.exit(failed);
"""
