import type { Handlers } from "./world.js";
import { ACCOUNT } from "./world.js";

const SESSION_MS = 3_600_000;

/** Who calls, and roles. */
export const sts: Handlers = {
  GetCallerIdentity: () => ({
    Arn: `arn:aws:iam::${ACCOUNT}:user/tester`,
    UserId: "AIDASTANDIN",
    Account: ACCOUNT,
  }),
  AssumeRole: (world, input) => {
    const role = input.required("RoleArn");
    const session = input.required("RoleSessionName");
    const account = role.split(":")[4] ?? ACCOUNT;
    return {
      Credentials: {
        AccessKeyId: "ASIASTANDIN",
        SecretAccessKey: "standIn/".repeat(5),
        SessionToken: "standIn/".repeat(20),
        Expiration: new Date(world.now() + SESSION_MS),
      },
      AssumedRoleUser: {
        AssumedRoleId: `AROASTANDIN:${session}`,
        Arn: `arn:aws:sts::${account}:assumed-role/${role.split("/").at(-1) ?? ""}/${session}`,
      },
    };
  },
};
