// Packs every public package, as publishing would, so that checks and integrations see what a stranger installs.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Names of the packages that are published, as npm knows them. */
function publicPackages() {
  return readdirSync(join(root, "packages"))
    .map((folder) => JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8")))
    .filter((manifest) => !manifest.private)
    .map((manifest) => manifest.name);
}

/**
 * Writes one tarball per public package into `destination` (an existing folder). The packages must be built.
 * Returns `{ name, path, files }` of each, `files` being the paths inside the tarball.
 */
export function packPublicPackages(destination) {
  const workspaces = publicPackages().flatMap((name) => ["--workspace", name]);
  const output = execFileSync("npm", ["pack", "--json", "--pack-destination", destination, ...workspaces], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(output).map(({ name, filename, files }) => ({
    name,
    path: join(destination, filename),
    files: files.map((file) => file.path),
  }));
}
