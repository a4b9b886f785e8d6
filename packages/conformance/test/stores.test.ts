import { createMemoryStore } from "@bellows/core";
import { describe, test } from "vitest";
import { stateStoreSuite } from "../src/index.js";

stateStoreSuite({ describe, test }, { create: createMemoryStore, durable: false });
