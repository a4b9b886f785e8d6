/** Fixtures that the packages' tests share: real servers, started for a test and gone with it. */
export * from "./aws/index.js";
export * from "./child.js";
export * from "./dice.js";
export * from "./moto.js";
export * from "./programs.js";
export * from "./prometheus.js";
export * from "./python.js";
export * from "./rabbitmq.js";
export * from "./rackspace/index.js";
