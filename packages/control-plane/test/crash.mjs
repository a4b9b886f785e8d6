// Commits to the state file named until it is killed: for the conformance suite.
import { commitForever } from "@bellows/conformance";
import { openSqliteStore } from "../dist/store/sqlite-store.js";

await commitForever(openSqliteStore({ file: process.argv[2] }));
