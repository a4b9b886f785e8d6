// `npm run check:packages`: packs every public package and looks at the tarballs as a stranger's tools would.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packPublicPackages } from "./pack.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bin = (name) => join(root, "node_modules", ".bin", name);

function passes(label, command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  if (status === 0) return true;
  console.error(`packages: ${label} FAILED\n${stdout}${stderr}`);
  return false;
}

/** What must be in a tarball and what must not, whatever its `files` say. */
function hasRightFiles({ name, files }) {
  const wrong = files.filter((file) => /\.(test|itest)\.|tsbuildinfo|(^|\/)(test|integration)\//.test(file));
  const missing = ["LICENSE", "README.md"].filter((file) => !files.includes(file));
  if (wrong.length > 0) console.error(`packages: ${name} ships ${wrong.join(", ")}`);
  if (missing.length > 0) console.error(`packages: ${name} lacks ${missing.join(", ")}`);
  return wrong.length === 0 && missing.length === 0;
}

function checkPackage(packed) {
  const verdicts = [
    hasRightFiles(packed),
    passes(`${packed.name}: publint`, bin("publint"), ["run", packed.path, "--strict"]),
    passes(`${packed.name}: attw`, bin("attw"), [packed.path, "--profile", "esm-only"]),
  ];
  const ok = verdicts.every(Boolean);
  console.log(`packages: ${packed.name} ${ok ? "ok" : "FAILED"} (${packed.files.length} files)`);
  return ok;
}

const folder = mkdtempSync(join(tmpdir(), "bellows-packages-"));
try {
  const verdicts = packPublicPackages(folder).map(checkPackage);
  process.exitCode = verdicts.length > 0 && verdicts.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
