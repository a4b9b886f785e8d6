/**
 * Launch configurations of this API and those of a provider. Pure.
 *
 * Note [What is taken]: each key of `server` becomes a word of Bellows's launch configurations. A word that the group's
 * provider knows is its own. What only says how Rackspace would build the server (`flavorRef`, `OS-DCF:diskConfig`,
 * the two usual networks) is kept as metadata where the provider has no such thing, since clients always send it.
 * Anything else that cannot be mapped is refused: a server that lacks what was asked for would be a lie.
 */
import type { Attachment, LaunchConfiguration, Metadata } from "@bellows/core";
import { HINTS, type LaunchWords } from "./launch-words.js";
import { type LaunchBody, PUBLIC_NET, SERVICE_NET, type ServerArgs } from "./schema-launch.js";

/** A launch of this API, mapped. */
export interface MappedLaunch {
  launch: LaunchConfiguration;
  loadBalancers: Attachment[];
}

/** Longest value that is repeated in a complaint, as in Otter. */
const LONGEST_QUOTE = 128;

/** Keys of `server` that are read here. */
const READ = new Set([
  "name",
  "flavorRef",
  "imageRef",
  "OS-DCF:diskConfig",
  "metadata",
  "networks",
  "personality",
  "key_name",
  "security_groups",
  "config_drive",
  "user_data",
  "block_device_mapping",
  "block_device_mapping_v2",
]);

/** Maps a request. @returns the launch, or every problem with it, one line each. */
export function toLaunch(body: LaunchBody, words: LaunchWords): MappedLaunch | { problems: string[] } {
  if (body.type === "launch_stack") return { problems: ["launch_stack has no meaning to this provider"] };
  const mapping = new Mapping(words);
  mapping.server(body.args.server);
  mapping.draining(body.args.draining_timeout);
  const loadBalancers = mapping.balancers(body.args.loadBalancers ?? []);
  return mapping.problems.length > 0
    ? { problems: mapping.problems }
    : { launch: mapping.launch, loadBalancers };
}

class Mapping {
  readonly problems: string[] = [];
  readonly launch: LaunchConfiguration = {};
  readonly #words: LaunchWords;

  constructor(words: LaunchWords) {
    this.#words = words;
  }

  server(server: ServerArgs["server"]): void {
    for (const key of Object.keys(server)) {
      if (!READ.has(key) && server[key] !== null && server[key] !== undefined)
        this.problems.push(`${JSON.stringify(quoted(key))} has no meaning to this provider`);
    }
    this.#image(server.imageRef ?? "");
    this.#own("blockDevices", deviceMapping(server));
    this.#word("serverName", server.name ?? undefined, "name");
    this.#word("keyName", server.key_name ?? undefined, "key_name");
    this.#word("userData", this.#decoded(server.user_data), "user_data");
    const groups = server.security_groups?.map(({ name }) => name);
    this.#word("securityGroups", groups?.length === 0 ? undefined : groups, "security_groups");
    this.#word("files", this.#files(server.personality ?? []), "personality");
    const drive = server.config_drive;
    if (drive === true || (typeof drive === "string" && /^true$/i.test(drive)))
      this.#own("configDrive", true, "config_drive");
    this.#metadata(server);
  }

  /** Zero and what is left out have no draining. */
  draining(seconds: number | undefined): void {
    if (seconds !== undefined) this.#own("drainingTimeout", `${Math.round(seconds)}s`, "draining_timeout");
  }

  balancers(entries: NonNullable<ServerArgs["loadBalancers"]>): Attachment[] {
    return entries.flatMap((entry): Attachment[] => {
      if (!("port" in entry)) {
        this.problems.push(
          `RackConnectV3 load balancer "${quoted(entry.loadBalancerId)}" cannot be used here`,
        );
        return [];
      }
      return [{ id: String(entry.loadBalancerId), port: entry.port }];
    });
  }

  #image(image: string): void {
    if (image.trim() === "") return;
    const { images } = this.#words;
    if (images !== undefined && !images.has(image))
      this.problems.push(`Invalid imageRef "${quoted(image)}" in launchConfiguration`);
    else this.launch.image = image;
  }

  /** Sets a word, or complains that the provider does not know it. */
  #word<W extends keyof LaunchConfiguration>(
    word: W,
    value: LaunchConfiguration[W] | undefined,
    key: string,
  ): void {
    if (value === undefined) return;
    if (this.#knows(String(word))) this.launch[word] = value;
    else this.problems.push(`"${key}" has no meaning to this provider`);
  }

  /** Sets a word, or keeps what it says as metadata. */
  #hint<W extends keyof LaunchConfiguration>(
    word: W,
    value: LaunchConfiguration[W] | undefined,
    label: string,
    metadata: Metadata,
  ): void {
    if (value === undefined) return;
    if (this.#knows(String(word))) this.launch[word] = value;
    else metadata[label] = String(value);
  }

  /** Sets what stands under the provider's own name, where Rackspace is the provider. */
  #own(word: string, value: unknown, key = word): void {
    if (value === undefined) return;
    if (this.#words.own.has(word))
      this.launch.rackspace = { ...(this.launch.rackspace as object), [word]: value };
    else this.problems.push(`"${key}" has no meaning to this provider`);
  }

  #knows(word: string): boolean {
    return this.#words.known.size === 0 || this.#words.known.has(word);
  }

  #metadata(server: ServerArgs["server"]): void {
    const given = server.metadata ?? {};
    const metadata = { ...given };
    this.#hint("size", server.flavorRef, HINTS.flavor, metadata);
    this.#hint("diskConfig", server["OS-DCF:diskConfig"] ?? undefined, HINTS.disk, metadata);
    this.#networks(server.networks ?? [], metadata);
    if (Object.keys(metadata).length > 0) this.#word("metadata", metadata, "metadata");
    const variables = Object.entries(given).filter(([name]) => this.#words.variables.has(name));
    if (variables.length > 0) this.launch.env = Object.fromEntries(variables);
  }

  #networks(networks: readonly Record<string, unknown>[], metadata: Metadata): void {
    const ids = networks.map(({ uuid }) => (typeof uuid === "string" ? uuid : ""));
    const usual = ids.every((id) => id === SERVICE_NET || id === PUBLIC_NET);
    if (ids.length === 0) return;
    if (this.#knows("networks")) this.launch.networks = ids;
    else if (usual) metadata[HINTS.networks] = ids.join(" ");
    else this.problems.push('"networks" have no meaning to this provider');
  }

  #files(personality: readonly { path: string; contents: string }[]): Record<string, string> | undefined {
    if (personality.length === 0) return undefined;
    const files: Record<string, string> = {};
    for (const { path, contents } of personality) {
      const text = decode(contents);
      if (text === undefined)
        this.problems.push(`Invalid base64 encoding for contents of path "${quoted(path)}"`);
      else files[path] = text;
    }
    return files;
  }

  #decoded(encoded: string | null | undefined): string | undefined {
    if (encoded === null || encoded === undefined || encoded === "") return undefined;
    const text = decode(encoded);
    if (text === undefined) this.problems.push("Invalid base64 encoding for user_data");
    return text;
  }
}

/** Text from base64; undefined for what is not base64, or not text. */
function decode(encoded: string): string | undefined {
  if (!/^[+/=a-zA-Z0-9\s]*$/.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.toString("base64").replace(/=+$/, "") !== encoded.replace(/[\s=]/g, "")) return undefined;
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes) ? text : undefined;
}

function quoted(text: string): string {
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE)}…`;
}

/** Volumes in the words of provider-rackspace. @see Nova, block_device_mapping_v2 */
function deviceMapping(server: ServerArgs["server"]): unknown {
  const devices = server.block_device_mapping_v2 ?? server.block_device_mapping;
  return devices?.map((device) => ({
    source: device.source_type,
    ...(device.destination_type !== undefined && { destination: device.destination_type }),
    ...(device.uuid !== undefined && { id: device.uuid }),
    ...(device.volume_size !== undefined && { sizeGiB: Number(device.volume_size) }),
    ...(device.boot_index !== undefined && { bootIndex: Number(device.boot_index) }),
    ...(device.delete_on_termination !== undefined && { deleteOnTermination: device.delete_on_termination }),
  }));
}
