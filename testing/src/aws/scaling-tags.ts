/** Tags of groups. */
import { fits, type Input, pageOf } from "./input.js";
import { groupOf } from "./scaling-find.js";
import type { Group, GroupTag } from "./state.js";
import type { Answer } from "./wire.js";
import type { Handlers } from "./world.js";

function tagIn(input: Input): GroupTag {
  return {
    key: input.required("Key"),
    value: input.text("Value") ?? "",
    propagate: input.flag("PropagateAtLaunch") ?? false,
  };
}

/** The tags that a call gives, of one key the last. */
export function tagsIn(input: Input): GroupTag[] {
  return [...new Map(input.inputs("Tags").map((one) => [one.required("Key"), tagIn(one)])).values()];
}

function shownTag(group: Group, { key, value, propagate }: GroupTag): Answer {
  return {
    ResourceId: group.name,
    ResourceType: "auto-scaling-group",
    Key: key,
    Value: value,
    PropagateAtLaunch: propagate,
  };
}

/** A group's tags as they are answered. */
export function shownTags(group: Group): Answer[] {
  return group.tags.map((tag) => shownTag(group, tag));
}

/** Whether a group passes a call's filters: `tag:KEY`, `tag-key`, `tag-value`. */
export function passesTags(group: Group, input: Input): boolean {
  return input.inputs("Filters").every((filter) => {
    const name = filter.required("Name");
    const values = group.tags.flatMap(({ key, value }) => {
      if (name === "tag-key") return [key];
      return name === "tag-value" || name === `tag:${key}` ? [value] : [];
    });
    return filter.texts("Values").some((pattern) => values.some((value) => fits(pattern, value)));
  });
}

/** Actions on tags. */
export const scalingTags: Handlers = {
  CreateOrUpdateTags(world, input) {
    for (const one of input.inputs("Tags")) {
      const group = groupOf(world, one.required("ResourceId"));
      const tag = tagIn(one);
      const old = group.tags.find(({ key }) => key === tag.key);
      if (old === undefined) group.tags.push(tag);
      else Object.assign(old, tag);
    }
    return undefined;
  },
  DeleteTags(world, input) {
    for (const one of input.inputs("Tags")) {
      const group = groupOf(world, one.required("ResourceId"));
      group.tags = group.tags.filter(({ key }) => key !== one.required("Key"));
    }
    return undefined;
  },
  DescribeTags(world, input) {
    const all = world.state.groups.flatMap((group) => group.tags.map((tag) => ({ group, tag })));
    const found = all.filter(({ group, tag }) =>
      input.inputs("Filters").every((filter) => {
        const fields: Record<string, string> = {
          "auto-scaling-group": group.name,
          key: tag.key,
          value: tag.value,
          "propagate-at-launch": String(tag.propagate),
        };
        return filter.texts("Values").includes(fields[filter.required("Name")] ?? "");
      }),
    );
    const key = ({ group, tag }: (typeof all)[number]): string => `${group.name}/${tag.key}`;
    const { page, next } = pageOf(found, input, { key, size: "MaxRecords", usual: 50, most: 100 });
    return { Tags: page.map(({ group, tag }) => shownTag(group, tag)), NextToken: next };
  },
};
