/** What is meant where a file says nothing, as a person would write it. Also what the JSON Schema shows. */
export const DEFAULTS = {
  every: "10s",
  /** As Otter's usual group; long enough to see what the last change did, short enough to follow a surge. */
  cooldown: "60s",
  mode: "act",
  combine: "largest",
  onMissing: "hold",
  maxAge: "5m",
  scaleOutStabilization: "0s",
  /** @see kubernetes.io, HorizontalPodAutoscaler: --horizontal-pod-autoscaler-downscale-stabilization */
  scaleInStabilization: "5m",
  storeUrl: "sqlite:",
  storeKeep: "30d",
  listen: "127.0.0.1:7070",
  role: "observer",
  timezone: "UTC",
  protocol: "http",
  healthInterval: "10s",
  healthTimeout: "5s",
  healthy: 2,
  unhealthy: 3,
  strategy: "surge",
  surge: "25%",
  soak: "30s",
  onFailure: "rollback",
} as const;

/** The most instances that a group may have. */
export const MOST_INSTANCES = 100_000;
