/** CloudWatch: metrics, queries and alarms. */
import { alarmHandlers } from "./cloud-watch-alarms.js";
import { metricHandlers } from "./cloud-watch-data.js";
import { queryHandlers } from "./cloud-watch-query.js";
import type { Handlers } from "./world.js";

/** All actions. */
export const cloudWatch: Handlers = { ...metricHandlers, ...queryHandlers, ...alarmHandlers };
