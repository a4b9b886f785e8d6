/** Scaling groups of Autoscale: configuration, launch, state, members. */
import { converge, membersOf } from "./autoscale-convergence.js";
import { bounded, requireRunning } from "./autoscale-execution.js";
import { groupIn, shownGroups } from "./autoscale-find.js";
import {
  checkedBody,
  flagOf,
  groupHref,
  hrefOf,
  listed,
  MOST_PER_PAGE,
  refused,
  shortGroup,
  shownGroup,
  shownState,
} from "./autoscale-form.js";
import { keptLaunch, requireLaunch, STATE_KEY } from "./autoscale-launch.js";
import { addPolicies, MOST_WEBHOOKS } from "./autoscale-policies.js";
import * as schema from "./autoscale-schema.js";
import type { Group, GroupConfiguration, LaunchConfiguration, PolicyGiven } from "./autoscale-state.js";
import type { JsonObject } from "./json.js";
import type { Answer, Call, Route } from "./wire.js";
import { paramOf } from "./wire.js";
import { type Place, TENANT } from "./world.js";

/** Most groups of an account. */
const MOST_GROUPS = 1_000;
const MOST_ENTITIES = 1_000;

const ROOT = "/autoscale/:region/v1.0/:tenant";
const GROUP = `${ROOT}/groups/:group`;

function requireBounds({ minEntities, maxEntities }: GroupConfiguration): void {
  if (minEntities > maxEntities)
    throw refused("InvalidMinEntities", "minEntities must be less than or equal to maxEntities");
}

function create(place: Place, call: Call): Answer {
  const body = checkedBody<JsonObject>(call, schema.group);
  const given = body as unknown as {
    groupConfiguration: Omit<GroupConfiguration, "maxEntities" | "metadata"> & Partial<GroupConfiguration>;
    launchConfiguration: LaunchConfiguration;
    scalingPolicies?: PolicyGiven[];
  };
  const configuration = { maxEntities: MOST_ENTITIES, metadata: {}, ...given.groupConfiguration };
  requireBounds(configuration);
  requireLaunch(place, given.launchConfiguration);
  if (shownGroups(place).length >= MOST_GROUPS)
    throw refused(
      "ScalingGroupOverLimitError",
      `Allowed limit of ${MOST_GROUPS} scaling groups reached by tenant ${TENANT}`,
    );
  const group: Group = {
    id: place.world.uuid(),
    configuration,
    launch: keptLaunch(given.launchConfiguration),
    policies: [],
    desired: configuration.minEntities,
    isPaused: false,
    isDeleting: false,
    status: "ACTIVE",
    errors: [],
    active: [],
    drainingSinceMs: {},
    stacks: [],
    lastCycle: 0,
  };
  place.state.groups.push(group);
  addPolicies(place, group, given.scalingPolicies ?? []);
  converge(place, group);
  const headers = { location: groupHref(place, group) };
  return { status: 201, headers, body: { group: shownGroup(place, group, { isNew: true }) } };
}

function remove(place: Place, call: Call): Answer {
  const isForced = flagOf(call, "force", false);
  const group = groupIn(place, call);
  if (!isForced && group.desired !== 0)
    throw refused("GroupNotEmptyError", `Group ${group.id} for tenant ${TENANT} still has entities.`);
  group.desired = 0;
  group.isDeleting = true;
  converge(place, group);
  return { status: 204 };
}

const groupRoutes: Route[] = [
  {
    operation: "ListGroups",
    method: "GET",
    path: `${ROOT}/groups`,
    answer(place, call) {
      const show = (one: Group) => shortGroup(place, one);
      return listed(call, {
        kind: "groups",
        href: hrefOf(place, "groups/"),
        items: shownGroups(place),
        show,
      });
    },
  },
  { operation: "CreateGroup", method: "POST", path: `${ROOT}/groups`, answer: create },
  {
    operation: "GetGroup",
    method: "GET",
    path: GROUP,
    answer(place, call) {
      const hasWebhooks = call.query.get("webhooks")?.toLowerCase() === "true";
      return { status: 200, body: { group: shownGroup(place, groupIn(place, call), { hasWebhooks }) } };
    },
  },
  { operation: "DeleteGroup", method: "DELETE", path: GROUP, answer: remove },
  {
    operation: "GetGroupState",
    method: "GET",
    path: `${GROUP}/state`,
    answer: (place, call) => ({ status: 200, body: { group: shownState(place, groupIn(place, call)) } }),
  },
];

const configurationRoutes: Route[] = [
  {
    operation: "GetGroupConfig",
    method: "GET",
    path: `${GROUP}/config`,
    answer: (place, call) => ({
      status: 200,
      body: { groupConfiguration: { ...groupIn(place, call).configuration } },
    }),
  },
  {
    operation: "UpdateGroupConfig",
    method: "PUT",
    path: `${GROUP}/config`,
    answer(place, call) {
      const body = checkedBody<JsonObject>(call, schema.configuration(false));
      const configuration = body as unknown as GroupConfiguration;
      requireBounds(configuration);
      const group = groupIn(place, call);
      group.configuration = configuration;
      group.desired = bounded(group, group.desired);
      converge(place, group);
      return { status: 204 };
    },
  },
  {
    operation: "GetLaunchConfig",
    method: "GET",
    path: `${GROUP}/launch`,
    answer: (place, call) => ({
      status: 200,
      body: { launchConfiguration: { ...groupIn(place, call).launch } },
    }),
  },
  {
    operation: "UpdateLaunchConfig",
    method: "PUT",
    path: `${GROUP}/launch`,
    answer(place, call) {
      const body = checkedBody<JsonObject>(call, schema.launch);
      const launch = body as unknown as LaunchConfiguration;
      requireLaunch(place, launch);
      const group = groupIn(place, call);
      group.launch = keptLaunch(launch);
      converge(place, group);
      return { status: 204 };
    },
  },
];

const actionRoutes: Route[] = [
  {
    operation: "PauseGroup",
    method: "POST",
    path: `${GROUP}/pause`,
    answer(place, call) {
      groupIn(place, call).isPaused = true;
      return { status: 204 };
    },
  },
  {
    operation: "ResumeGroup",
    method: "POST",
    path: `${GROUP}/resume`,
    answer(place, call) {
      const group = groupIn(place, call);
      group.isPaused = false;
      converge(place, group);
      return { status: 204 };
    },
  },
  {
    operation: "ConvergeGroup",
    method: "POST",
    path: `${GROUP}/converge`,
    answer(place, call) {
      const group = groupIn(place, call);
      requireRunning(group, "converge");
      converge(place, group);
      return { status: 204 };
    },
  },
];

function notImplemented(): Answer {
  throw refused("NotImplementedError", "This is not implemented.");
}

/** Takes a server out of a group: it ends, or is left alone without the marks of its group. */
function removeServer(place: Place, call: Call): Answer {
  const [replaces, purges] = [flagOf(call, "replace", true), flagOf(call, "purge", true)];
  const group = groupIn(place, call);
  const asked = paramOf(call, "server");
  const server = membersOf(place, group).find(({ id }) => id === asked && group.active.includes(id));
  if (server === undefined)
    throw refused(
      "ServerNotFoundError",
      `Active server ${asked} not found in tenant ${TENANT}'s group ${group.id}`,
    );
  const { minEntities } = group.configuration;
  if (!replaces && group.desired <= minEntities)
    throw refused(
      "CannotDeleteServerBelowMinError",
      `Cannot remove server ${asked} from tenant ${TENANT}'s group ${group.id}. It will reduce number of servers below required minimum ${minEntities}.`,
    );
  if (!replaces) group.desired--;
  if (purges) server.metadata = { ...server.metadata, [STATE_KEY]: "DRAINING" };
  else
    server.metadata = Object.fromEntries(
      Object.entries(server.metadata).filter(([key]) => !/^rax:(auto_scaling|autoscale:)/.test(key)),
    );
  group.active = group.active.filter((id) => id !== asked);
  converge(place, group);
  return { status: 202 };
}

const memberRoutes: Route[] = [
  { operation: "ListGroupServers", method: "GET", path: `${GROUP}/servers`, answer: notImplemented },
  { operation: "GetGroupServer", method: "GET", path: `${GROUP}/servers/:server`, answer: notImplemented },
  {
    operation: "DeleteGroupServer",
    method: "DELETE",
    path: `${GROUP}/servers/:server`,
    answer: removeServer,
  },
  {
    operation: "GetAutoscaleLimits",
    method: "GET",
    path: `${ROOT}/limits`,
    answer: () => ({
      status: 200,
      body: {
        limits: {
          absolute: {
            maxGroups: MOST_GROUPS,
            maxPoliciesPerGroup: MOST_PER_PAGE,
            maxWebhooksPerPolicy: MOST_WEBHOOKS,
          },
          rate: [],
        },
      },
    }),
  },
];

/** Requests about groups. */
export const autoscaleGroups: readonly Route[] = [
  ...groupRoutes,
  ...configurationRoutes,
  ...actionRoutes,
  ...memberRoutes,
];
