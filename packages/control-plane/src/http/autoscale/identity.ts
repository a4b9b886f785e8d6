import { z } from "@bellows/core";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { SignIns } from "../../access/sign-ins.js";
import type { Rate } from "../rates.js";
import { catalogOf, type SignedIn } from "./catalog.js";
import { AutoscaleFault } from "./errors.js";
import { identityFault } from "./identity-errors.js";
import { resource } from "./resource.js";

/** What Identity is made from. */
export interface IdentityOptions {
  signIns: SignIns;
  /** Checks a name and a key. Takes as long whatever is wrong. @returns the token, or nothing. */
  signIn: (name: string, key: string) => { token: string; expiresAtMs: number; who: SignedIn } | undefined;
  /** Whom a token belongs to. */
  lookUp: (token: string) => { token: string; expiresAtMs: number; who: SignedIn } | undefined;
  base: () => string;
  /** How often one address may try. */
  attempts: Rate;
}

const secret = z.string().min(1).max(1_024);
const credentials = z
  .looseObject({
    "RAX-KSKEY:apiKeyCredentials": z.looseObject({ username: secret, apiKey: secret }).optional(),
    passwordCredentials: z.looseObject({ username: secret, password: secret }).optional(),
    token: z.looseObject({ id: secret }).optional(),
    tenantId: z.union([z.string(), z.number()]).nullish(),
    tenantName: z.union([z.string(), z.number()]).nullish(),
  })
  .superRefine((auth, context) => {
    const given = [auth["RAX-KSKEY:apiKeyCredentials"], auth.passwordCredentials, auth.token];
    if (given.filter((each) => each !== undefined).length !== 1)
      context.addIssue({ code: "custom", message: "needs one of an API key, a password and a token" });
    if ((auth.tenantId ?? undefined) !== undefined && (auth.tenantName ?? undefined) !== undefined)
      context.addIssue({ code: "custom", message: "takes either tenantId or tenantName" });
  });
const authBody = z.object({ auth: credentials });
type AuthBody = z.output<typeof authBody>;

const accessAnswer = z.object({ access: z.looseObject({ token: z.looseObject({ id: z.string() }) }) });

/** Identity v2.0, as far as clients of Autoscale need it: a token for an API key, and where the groups are. */
export function identityRoutes(scope: FastifyInstance, options: IdentityOptions): void {
  const { signIns } = options;
  resource(
    scope,
    "/tokens",
    {
      POST: {
        summary: "A token for an API key",
        body: authBody,
        ok: 200,
        answer: accessAnswer,
        run: async (request) => authenticate(request, options),
      },
      DELETE: {
        summary: "Revokes the token that it is asked with",
        ok: 204,
        async run(request) {
          signIns.revoke(known(request, options).token);
        },
      },
    },
    { faults: identityFault, security: [] },
  );
  resource(
    scope,
    "/tokens/:token",
    {
      GET: {
        summary: "Whom a token belongs to",
        ok: 200,
        answer: accessAnswer,
        errors: [404],
        async run(request) {
          known(request, options);
          const { token = "" } = request.params as { token?: string };
          const found = options.lookUp(token);
          if (found === undefined) throw new AutoscaleFault("NotFound", "Token not found.");
          return accessOf(found, found.who.tenants[0] ?? "", options);
        },
      },
    },
    { faults: identityFault },
  );
}

const REFUSED = "Unable to authenticate user with credentials provided.";

function authenticate(request: FastifyRequest, options: IdentityOptions): object {
  const { attempts } = options;
  const allowance = attempts.take(request.ip);
  if (!allowance.allowed) {
    throw new AutoscaleFault(
      "RateLimitError",
      `more than ${attempts.limit} sign-ins in a minute`,
      allowance.fullInMs,
    );
  }
  const { auth } = request.body as AuthBody;
  const found = signInWith(auth, options);
  if (found === undefined) throw new AutoscaleFault("InvalidCredentials", REFUSED);
  const wanted = auth.tenantId ?? auth.tenantName ?? undefined;
  const tenant = wanted === undefined ? found.who.tenants[0] : String(wanted);
  // Clients that know no tenant send the user's name in its place.
  const granted = tenant === found.who.name ? (found.who.tenants[0] ?? "") : tenant;
  if (granted === undefined || !found.who.tenants.includes(granted))
    throw new AutoscaleFault("InvalidCredentials", REFUSED);
  return accessOf(found, granted, options);
}

function signInWith(auth: AuthBody["auth"], options: IdentityOptions) {
  const byKey = auth["RAX-KSKEY:apiKeyCredentials"];
  const byPassword = auth.passwordCredentials;
  if (byKey) return options.signIn(byKey.username, byKey.apiKey);
  if (byPassword) return options.signIn(byPassword.username, byPassword.password);
  return options.lookUp(auth.token?.id ?? "");
}

/** Who asks, by the token in the header. @throws AutoscaleFault for nobody. */
function known(request: FastifyRequest, options: IdentityOptions) {
  const token = request.headers["x-auth-token"];
  const found = typeof token === "string" ? options.lookUp(token) : undefined;
  if (found === undefined)
    throw new AutoscaleFault("InvalidCredentials", "The token is not known, or has expired");
  return found;
}

function accessOf(
  { token, expiresAtMs, who }: NonNullable<ReturnType<IdentityOptions["lookUp"]>>,
  tenant: string,
  { base }: IdentityOptions,
): object {
  return {
    access: {
      token: {
        id: token,
        expires: new Date(expiresAtMs).toISOString(),
        tenant: { id: tenant, name: tenant },
        "RAX-AUTH:authenticatedBy": ["APIKEY"],
      },
      ...catalogOf(base(), tenant, who),
    },
  };
}
