// The demo and the templates of `bellows init` are the repository's examples: they travel inside the package.
import { cpSync, mkdirSync, rmSync } from "node:fs";

const from = new URL("../../../examples/", import.meta.url);
const to = new URL("../dist/examples/", import.meta.url);
rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
for (const name of ["local-web", "queue-workers", "aws-asg"])
  cpSync(new URL(name, from), new URL(name, to), {
    recursive: true,
    filter: (path) => !/\.queue|\.test\./.test(path),
  });
