import { HoldfastError } from "../errors/holdfast-error.ts";

/** What a certificate of ours may be used as. `operator` is short-lived and reads one point; `bus` is nats-server's. */
export const peerRoles = ["controller", "agent", "repository", "bus", "operator"] as const;

/** What a certificate of ours may be used as. */
export type PeerRole = (typeof peerRoles)[number];

/** Who a process is: what its certificate says, in one URI, and what the other side checks instead of a host name. */
export interface PeerName {
  readonly installationId: string;
  readonly role: PeerRole;
  /** `[0-9a-z]`, and `-` for repositories, whose ids are UUIDs. */
  readonly id: string;
}

/** Whom one end of a connection expects: a role, and the id where it is known beforehand. */
export interface ExpectedPeer {
  readonly role: PeerRole;
  readonly id?: string | undefined;
}

const uriForm = /^holdfast:\/\/(?<installation>[0-9a-z]{1,32})\/(?<role>[a-z]+)\/(?<id>[0-9a-z-]{1,64})$/;

/** `holdfast://<installation>/<role>/<id>`. */
export const toPeerUri = ({ installationId, role, id }: PeerName): string => {
  const uri = `holdfast://${installationId}/${role}/${id}`;
  if (uriForm.test(uri)) return uri;
  throw new HoldfastError("INVALID_ARGUMENT", `not a name that a certificate can carry: ${uri}`);
};

/** The name in a URI of ours; undefined for any other text. */
export const parsePeerUri = (uri: string): PeerName | undefined => {
  const groups = uriForm.exec(uri)?.groups;
  const role = peerRoles.find((one) => one === groups?.["role"]);
  if (groups === undefined || role === undefined) return undefined;
  return { installationId: groups["installation"] ?? "", role, id: groups["id"] ?? "" };
};

/** The name in a certificate's alternative names as Node prints them, `URI:…, DNS:…`; undefined unless there is exactly one. */
export const peerNameIn = (alternativeNames: string | undefined): PeerName | undefined => {
  const names = (alternativeNames ?? "")
    .split(", ")
    .filter((name) => name.startsWith("URI:"))
    .map((name) => parsePeerUri(name.slice("URI:".length)));
  return names.length === 1 ? names[0] : undefined;
};

/** True when a name is of this installation and is whom the other side expects. */
export const isExpected = (name: PeerName | undefined, installationId: string, { role, id }: ExpectedPeer): boolean =>
  name?.installationId === installationId && name.role === role && (id === undefined || id === name.id);
