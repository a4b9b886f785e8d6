import { manualClock, type UserConfig } from "@bellows/core";
import { expect, test } from "vitest";
import { createSignIns, SIGN_IN_MS } from "./sign-ins.js";
import { hashOf } from "./tokens.js";
import { createAccess, signIn } from "./users.js";

const alice: UserConfig = { name: "alice", apiKeyHash: hashOf("alices-key"), role: "admin" };
const bob: UserConfig = { name: "bob", apiKeyHash: hashOf("bobs-key"), role: "observer" };

test("a user signs in with their own key alone", () => {
  expect(signIn([alice, bob], "alice", "alices-key")).toBe(alice);
  expect(signIn([alice, bob], "alice", "bobs-key")).toBeUndefined();
  expect(signIn([alice, bob], "carol", "alices-key")).toBeUndefined();
  expect(signIn([alice, bob], "alice", "")).toBeUndefined();
});

test("an API key is known as a bearer token too", async () => {
  const access = createAccess({ verify: async () => undefined }, () => [alice, bob]);
  expect(await access.verify("bobs-key")).toMatchObject({ name: "bob", role: "observer" });
  expect(await access.verify("nobodys-key")).toBeUndefined();
});

test("a token lasts a day, unless it is revoked, the key changes or the user goes", () => {
  const clock = manualClock(1_000_000);
  let users = [alice, bob];
  const signIns = createSignIns(clock, () => users);
  const one = signIns.issue(alice);
  const two = signIns.issue(alice);
  const three = signIns.issue(bob);
  expect(signIns.verify(one.token)).toEqual({ user: alice, expiresAtMs: 1_000_000 + SIGN_IN_MS });
  signIns.revoke(one.token);
  expect(signIns.verify(one.token)).toBeUndefined();
  users = [{ ...alice, apiKeyHash: hashOf("another") }];
  expect(signIns.verify(two.token)).toBeUndefined();
  expect(signIns.verify(three.token)).toBeUndefined();
  users = [alice];
  expect(signIns.verify(two.token)?.user).toBe(alice);
  clock.advance(SIGN_IN_MS);
  expect(signIns.verify(two.token)).toBeUndefined();
});

test("a user who signs in without end keeps only the newest tokens", () => {
  const signIns = createSignIns(manualClock(0), () => [alice]);
  const tokens = Array.from({ length: 120 }, () => signIns.issue(alice).token);
  expect(tokens.filter((token) => signIns.verify(token) !== undefined)).toEqual(tokens.slice(20));
});
