import type { ImageAccess, LoanedDisk } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { type FoundImage, reachHost, reachProxy, reachSocket } from "../imageio/reach-image.ts";
import { isHere, isWithinReach } from "../imageio/whereabouts.ts";
import type { DiskPermission } from "./disk-desk.ts";
import { type Route, routes } from "./disk-reader.ts";
import type { DiskWish } from "./disk-wish.ts";
import type { OpenDiskDeps } from "./open-disk-deps.ts";
import { type PassedOver, passedOverText } from "./passed-over.ts";
import { borrowDisk, ofImage, type Reached } from "./reached-disk.ts";

/** The way that was found, and those that are better and were not taken. */
export interface FoundWay {
  readonly reached: Reached;
  readonly passedOver: readonly PassedOver[];
}

/**
 * Finds the best way to a disk that answers. Only a way that is out of reach, or not allowed, leads to the next one; a ticket
 * that is refused is refused everywhere, and the failure names its transfer in `details.transferId`.
 */
export const findWay = async (
  diskId: string,
  deps: OpenDiskDeps,
  signal: AbortSignal,
  wish: DiskWish,
): Promise<FoundWay> => {
  const search = new WaySearch(diskId, deps, signal, wish);
  const reached = await search.find();
  const better = routes.slice(0, routes.indexOf(reached.route));
  return { reached, passedOver: search.passedOver().filter(({ route }) => better.includes(route)) };
};

/** One search, with the ways that it gave up so far. */
class WaySearch {
  readonly #diskId: string;
  readonly #deps: OpenDiskDeps;
  readonly #signal: AbortSignal;
  readonly #brokenTransferId: string;
  readonly #passed = new Map<Route, PassedOver>();

  constructor(diskId: string, deps: OpenDiskDeps, signal: AbortSignal, { brokenTransferId, broken }: DiskWish) {
    this.#diskId = diskId;
    this.#deps = deps;
    this.#signal = signal;
    this.#brokenTransferId = brokenTransferId;
    for (const [route, reason] of broken) this.#pass(route, reason, false);
    for (const route of routes)
      if (!deps.where.routes.includes(route)) this.#pass(route, "this agent is not to take it", true);
  }

  passedOver(): readonly PassedOver[] {
    return routes.flatMap((route) => this.#passed.get(route) ?? []);
  }

  async find(): Promise<Reached> {
    const first = await this.#ask();
    if (first.case === "loan") return await this.#borrowOr(first.value);
    const own = await this.#tryHost(first.value);
    if (own !== undefined) return own;
    // The controller may know somebody who reaches the host, now that it is told that we do not.
    const second = this.#passed.has("stream") ? first : await this.#ask();
    return second.case === "loan" ? await this.#borrowOr(second.value) : await this.#last(second.value);
  }

  async #borrowOr(loan: LoanedDisk): Promise<Reached> {
    const { identity, taskId, attemptId } = this.#deps;
    this.#pass("socket", "this agent is not on the host", true);
    this.#pass("direct", "this agent does not reach the host", true);
    try {
      return await borrowDisk(loan, { diskId: this.#diskId, identity, taskId, attemptId }, this.#signal);
    } catch (caught) {
      this.#signal.throwIfAborted();
      if (!hasCode(caught, "NO_ROUTE_TO_DISK", "UNAVAILABLE", "STREAM_REFUSED"))
        throw ofTransfer(caught, loan.transferId);
      this.#pass("stream", HoldfastError.from(caught).message, false);
    }
    const next = await this.#ask();
    if (next.case === "image") return await this.#last(next.value);
    throw this.#noWay(next.value.transferId);
  }

  /** By this agent's own reach; undefined when the host is not within it. */
  async #tryHost(image: ImageAccess): Promise<Reached | undefined> {
    if (!isWithinReach(image, this.#deps.where)) {
      this.#pass("direct", `this agent does not reach host ${image.hostName}`, true);
      return undefined;
    }
    const mayUseSocket = isHere(image, this.#deps.where) && !this.#passed.has("socket");
    if (this.#passed.has("direct") && !mayUseSocket) return undefined;
    const host = await this.#try("direct", image, () => reachHost(image, this.#reach));
    if (host === undefined) return undefined;
    const socket = mayUseSocket ? await reachSocket(host, this.#reach) : undefined;
    if (socket !== undefined) return ofImage(image, socket);
    const isTried = mayUseSocket && host.capabilities.unixSocket !== undefined;
    this.#pass("socket", isTried ? "imageio's socket does not serve it here" : whyNoSocket(mayUseSocket), !isTried);
    return this.#passed.has("direct") ? undefined : ofImage(image, host);
  }

  /** The engine's proxy; without one, the host itself whatever was said of its reach. */
  async #last(image: ImageAccess): Promise<Reached> {
    this.#pass("stream", "no other agent lends the disk", true);
    const hasProxy = image.proxyUrl !== "" && image.proxyUrl !== image.transferUrl;
    const isUntried = this.#passed.get("direct")?.isPlanned === true && this.#deps.where.routes.includes("direct");
    if (hasProxy && !this.#passed.has("proxy")) {
      const proxied = await this.#try("proxy", image, () => reachProxy(image, this.#reach));
      if (proxied !== undefined) return ofImage(image, proxied);
    } else if (!hasProxy && isUntried) {
      this.#passed.delete("direct");
      const host = await this.#try("direct", image, () => reachHost(image, this.#reach));
      if (host !== undefined) return ofImage(image, host);
    }
    if (!hasProxy) this.#pass("proxy", "the engine has none", true);
    throw this.#noWay(image.transferId);
  }

  /** Undefined, and the way passed over, when it is out of reach. */
  async #try(
    route: Route,
    { transferId }: ImageAccess,
    reach: () => Promise<FoundImage>,
  ): Promise<FoundImage | undefined> {
    try {
      return await reach();
    } catch (caught) {
      this.#signal.throwIfAborted();
      if (!hasCode(caught, "UNAVAILABLE")) throw ofTransfer(caught, transferId);
      this.#pass(route, HoldfastError.from(caught).message, false);
      return undefined;
    }
  }

  async #ask(): Promise<DiskPermission> {
    const asked = {
      diskId: this.#diskId,
      brokenTransferId: this.#brokenTransferId,
      avoidedRoutes: [...this.#passed.keys()],
    };
    return await this.#deps.desk.open(asked, this.#signal);
  }

  /** The first reason stays. */
  #pass(route: Route, reason: string, isPlanned: boolean): void {
    if (!this.#passed.has(route)) this.#passed.set(route, { route, reason, isPlanned });
  }

  get #reach(): { readonly clock: OpenDiskDeps["clock"]; readonly signal: AbortSignal } {
    return { clock: this.#deps.clock, signal: this.#signal };
  }

  #noWay(transferId: string): HoldfastError {
    const tried = passedOverText(this.passedOver());
    return new HoldfastError("NO_ROUTE_TO_DISK", `no way to disk ${this.#diskId} is left: ${tried}`, {
      details: { transferId },
    });
  }
}

const whyNoSocket = (isOnHost: boolean): string =>
  isOnHost ? "the host tells of no socket" : "this agent is not on the host";

/** Names the transfer in the failure, so that a fresh one can be asked for. */
const ofTransfer = (caught: unknown, transferId: string): HoldfastError => {
  const { code, message, details } = HoldfastError.from(caught);
  return new HoldfastError(code, message, { details: { ...details, transferId }, cause: caught });
};
