import { describe, test } from "vitest";
import { providerSuite } from "../src/index.js";
import { memoryOptions } from "./provider-options.js";

providerSuite({ describe, test }, memoryOptions);
