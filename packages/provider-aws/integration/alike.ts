/** One place where two answers differ. */
export interface Difference {
  /** Such as `AutoScalingGroups.0.Status`. */
  path: string;
  moto: unknown;
  standIn: unknown;
}

/** Ids, ARNs, times and addresses: each side has its own. */
const OWN =
  /^(arn:.*|.*\.elb\.amazonaws\.com|[a-z]+-[0-9a-f]{8,17}|[0-9a-f-]{36}|(?:ip|ec2)-[\d-]+\..*|\d+\.\d+\.\d+\.\d+|[A-Za-z0-9+/=]{40,}|A[A-Z]{3}[A-Z0-9]{5,}.*)$/;

/**
 * Where two answers differ: values by their worth, save those that each side makes up; lists by their length and each
 * item; what only the stand-in has does not count, as moto leaves things out.
 */
export function differences(moto: unknown, standIn: unknown, path = ""): Difference[] {
  if (isOwn(moto) && isOwn(standIn)) return [];
  if (!isObject(moto) || !isObject(standIn)) return Object.is(moto, standIn) ? [] : [{ path, moto, standIn }];
  if (Array.isArray(moto) && Array.isArray(standIn) && moto.length !== standIn.length)
    return [{ path: below(path, "length"), moto: moto.length, standIn: standIn.length }];
  return Object.keys(moto)
    .filter((key) => key !== "$metadata" && Reflect.get(moto, key) !== undefined)
    .flatMap((key) => differences(Reflect.get(moto, key), Reflect.get(standIn, key), below(path, key)));
}

function below(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isOwn(value: unknown): boolean {
  return value instanceof Date || (typeof value === "string" && OWN.test(value));
}
