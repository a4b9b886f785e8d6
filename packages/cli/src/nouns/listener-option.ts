import { type Listener, protocolSchema } from "@bellows/core";
import { InvalidArgumentError } from "commander";

/** Gathers listeners: `80:8080/http` (to the instances' port 8080), `8080/http` (to the instance's own port), `443:8443/tcp`. */
export function toListener(text: string, before: Listener[] | undefined): Listener[] {
  const match = /^(\d+)(?::(\d+))?(?:\/([a-z]+))?$/.exec(text.trim().toLowerCase());
  const protocol = protocolSchema.safeParse(match?.[3] ?? "http");
  const ports = [Number(match?.[1]), Number(match?.[2] ?? 1)];
  if (match === null || !protocol.success || ports.some((port) => port > 65_535))
    throw new InvalidArgumentError("write PORT:INSTANCE_PORT/PROTOCOL, such as 80:8080/http.");
  return [
    ...(before ?? []),
    {
      port: Number(match[1]),
      ...(match[2] === undefined ? {} : { instancePort: Number(match[2]) }),
      protocol: protocol.data,
    },
  ];
}
