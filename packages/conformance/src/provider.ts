import { activityTests } from "./provider/activities.js";
import { createBench } from "./provider/bench.js";
import { checkingCloud } from "./provider/checking.js";
import { definitionTests } from "./provider/definitions.js";
import { launchTests } from "./provider/launch.js";
import { lifeTests } from "./provider/life.js";
import { loadBalancerTests } from "./provider/load-balancers.js";
import { memberTests } from "./provider/members.js";
import type { ProviderSuiteOptions } from "./provider/options.js";
import { policyTests } from "./provider/policies.js";
import { sizeTests } from "./provider/sizes.js";
import { webhookTests } from "./provider/webhooks.js";
import { registerSuite, type Tests } from "./tests.js";

/**
 * Puts a provider to the proof, through `connect`: groups, their members and launch configurations, load balancers,
 * activities, and the policies and webhooks of Bellows over them. Every answer of every call is checked against the
 * contract, and so is every error.
 * @param tests - the caller's test functions.
 */
export function providerSuite(tests: Tests, options: ProviderSuiteOptions): void {
  registerSuite(tests, "a provider", options, (section, parts) => {
    const bench = createBench(options, parts, checkingCloud);
    section("groups", (add) => definitionTests(add, bench));
    section("sizes", (add) => sizeTests(add, bench));
    section("members", (add) => memberTests(add, bench));
    section("launch", (add) => launchTests(add, bench));
    section("load balancers", (add) => loadBalancerTests(add, bench));
    section("activities", (add) => activityTests(add, bench));
    section("policies", (add) => policyTests(add, bench));
    section("webhooks", (add) => webhookTests(add, bench));
    section("connection", (add) => lifeTests(add, bench));
  });
}
