import { createRequire } from "node:module";
import type * as AutoScaling from "@aws-sdk/client-auto-scaling";
import type * as CloudWatch from "@aws-sdk/client-cloudwatch";
import type * as Ec2 from "@aws-sdk/client-ec2";
import type * as Elb from "@aws-sdk/client-elastic-load-balancing";
import type * as ElbV2 from "@aws-sdk/client-elastic-load-balancing-v2";
import type * as Sts from "@aws-sdk/client-sts";

/** The SDK's packages, by the service that each one calls. */
export interface Sdks {
  autoScaling: typeof AutoScaling;
  cloudWatch: typeof CloudWatch;
  ec2: typeof Ec2;
  elb: typeof Elb;
  elbV2: typeof ElbV2;
  sts: typeof Sts;
}
/** A service of AWS that this provider calls. */
export type ServiceName = keyof Sdks;

/** What is to be known of a service. */
export interface Service {
  package: string;
  /** Name of the client's class in its package. */
  client: string;
  /** What its actions begin with in IAM policies. @see docs.aws.amazon.com, Service Authorization Reference */
  iam: string;
  /** Which of `callsPerSecond` holds for it. */
  budget: "autoScaling" | "cloudWatch" | "ec2" | "loadBalancing";
}

/** The services. Both kinds of load balancing count against one budget, as they do at AWS. */
export const SERVICES: Readonly<Record<ServiceName, Service>> = {
  autoScaling: {
    package: "@aws-sdk/client-auto-scaling",
    client: "AutoScalingClient",
    iam: "autoscaling",
    budget: "autoScaling",
  },
  cloudWatch: {
    package: "@aws-sdk/client-cloudwatch",
    client: "CloudWatchClient",
    iam: "cloudwatch",
    budget: "cloudWatch",
  },
  ec2: { package: "@aws-sdk/client-ec2", client: "EC2Client", iam: "ec2", budget: "ec2" },
  elb: {
    package: "@aws-sdk/client-elastic-load-balancing",
    client: "ElasticLoadBalancingClient",
    iam: "elasticloadbalancing",
    budget: "loadBalancing",
  },
  elbV2: {
    package: "@aws-sdk/client-elastic-load-balancing-v2",
    client: "ElasticLoadBalancingV2Client",
    iam: "elasticloadbalancing",
    budget: "loadBalancing",
  },
  sts: { package: "@aws-sdk/client-sts", client: "STSClient", iam: "sts", budget: "ec2" },
};

/**
 * Loads packages when they are first used. `require` rather than `import()`: the CommonJS form of an SDK client is one
 * file and loads in half the time of its hundreds of modules.
 */
const load = createRequire(import.meta.url);

/** Loads a service's package. */
export function loadSdk<S extends ServiceName>(service: S): Sdks[S] {
  // Which Node its next releases need is no concern of whoever runs this one, whose version is fixed.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  return load(SERVICES[service].package) as Sdks[S];
}

/** Loads what makes credentials of profiles and roles. */
export function loadCredentialProviders(): typeof import("@aws-sdk/credential-providers") {
  return load("@aws-sdk/credential-providers") as typeof import("@aws-sdk/credential-providers");
}
