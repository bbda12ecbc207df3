import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Target as TargetMessage, TargetSchema } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { type ExpectedPeer, peerRoles } from "../identity/peer-name.ts";
import { formatAddress } from "../rpc/listen-address.ts";

/** Whom a target's certificate is to show: a server of an engine below an anchor, or a member of the installation. */
export type ExpectedServer =
  | { readonly kind: "engine"; readonly anchorPem: string }
  | ({ readonly kind: "peer" } & ExpectedPeer);

/** What it means that nobody answers. */
export type WhenAbsent = "error" | "warning" | "skipped";

/** Something to resolve, connect to and look at the certificate of. */
export interface Target {
  readonly subject: string;
  /** `host:port`, `[v6]:port` or `unix:/path`. */
  readonly address: string;
  readonly server: ExpectedServer;
  readonly whenAbsent: WhenAbsent;
  /** What to do when nobody answers. */
  readonly advice: string;
}

/** The address of a port of a host, which may be named by an IPv6 address. */
export const addressOf = (host: string, port: number): string => formatAddress({ kind: "tcp", host, port });

/** The message of a target. */
export const toTargetMessage = (target: Target): MessageInitShape<typeof TargetSchema> => {
  const { subject, address, server, whenAbsent, advice } = target;
  const shows =
    server.kind === "engine" ? { anchorPem: server.anchorPem } : { peerRole: server.role, peerId: server.id ?? "" };
  return { subject, address, whenAbsent, advice, ...shows };
};

const whenAbsentSchema = z.enum(["error", "warning", "skipped"]);

/** The target in a message; INVALID_ARGUMENT when it names nobody who could be expected there. */
export const fromTargetMessage = (message: TargetMessage): Target => {
  const { subject, address, advice } = message;
  const whenAbsent = whenAbsentSchema.catch("warning").parse(message.whenAbsent);
  return { subject, address, server: serverOf(message), whenAbsent, advice };
};

const serverOf = ({ subject, anchorPem, peerRole, peerId }: TargetMessage): ExpectedServer => {
  if (anchorPem !== "") return { kind: "engine", anchorPem };
  const role = peerRoles.find((one) => one === peerRole);
  if (role === undefined) throw new HoldfastError("INVALID_ARGUMENT", `nobody is expected at ${subject}`);
  return { kind: "peer", role, id: peerId === "" ? undefined : peerId };
};
