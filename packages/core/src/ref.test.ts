import { describe, expect, it } from "vitest";
import { ConflictError, NotFoundError } from "./errors.js";
import { resolveRef } from "./ref.js";

const groups = [
  { id: "1", name: "web" },
  { id: "2", name: "api" },
  { id: "3", name: "api" },
  { id: "api", name: "other" },
];

describe("a reference", () => {
  it("means the thing with that id, before any name", () => {
    expect(resolveRef(groups, "api").name).toBe("other");
  });

  it("means the only thing with that name", () => {
    expect(resolveRef(groups, "web").id).toBe("1");
  });

  it("that fits two names is a conflict that lists both", () => {
    const find = () => resolveRef(groups.slice(0, 3), "api", "group");
    expect(find).toThrow(ConflictError);
    expect(find).toThrow('group name "api" fits 2: 2, 3');
  });

  it("that fits nothing names what is near, or what there is", () => {
    expect(() => resolveRef(groups, "wep", "group")).toThrow(NotFoundError);
    expect(() => resolveRef(groups, "wep", "group")).toThrow(
      expect.objectContaining({ hint: 'did you mean "web"?' }),
    );
    expect(() => resolveRef([], "web", "group")).toThrow(expect.objectContaining({ hint: "there is none" }));
  });
});
