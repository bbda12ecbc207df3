import type { Clock } from "@holdfast/shared/clock/clock";

import { type Ports, unixSocketOf } from "./addresses.ts";
import type { SimulatorConfig } from "./config/schema.ts";
import type { ImageioDaemons } from "./engine/engine.ts";
import { openHostDaemon } from "./imageio/host-daemon.ts";
import { openProxyDaemon } from "./imageio/proxy-daemon.ts";
import type { ImageioDaemon } from "./imageio/tickets.ts";
import type { RuleTable } from "./faults/rule-table.ts";
import type { Meddling } from "./imageio/meddling.ts";
import type { Pki } from "./pki/pki.ts";

/** What the daemons need. */
export interface ImageioParts {
  readonly config: SimulatorConfig;
  readonly clock: Clock;
  readonly pki: Pki;
  readonly ports: Ports;
  readonly stateDir: string;
  /** Id of the host of that name. */
  readonly idOf: (name: string) => string;
  readonly rules: RuleTable;
  /** False for a host that does not respond. */
  readonly isReachable: (host: string) => boolean;
  /** The disk of a ticket, of those that were ever given. */
  readonly diskOf: (ticketId: string) => string | undefined;
}

/** The daemons, with what stops them all. */
export interface OpenImageio extends AsyncDisposable {
  readonly daemons: ImageioDaemons;
}

/** How the rules meddle with the daemon of that host, or with the proxy. */
const meddlingAt = ({ rules, clock, diskOf, isReachable }: ImageioParts, at: string): Meddling => ({
  take: ({ operation, ticketId, isProxied }) => {
    if (!isReachable(at)) return [{ kind: "drop", when: "before" }];
    return isProxied ? [] : rules.takeImageio({ operation, at, diskId: diskOf(ticketId) });
  },
  hold: (effects, signal) => rules.hold(effects, "before", { clock, signal }),
});

/** Starts imageio on every host of the configuration, and the proxy if it is enabled. */
export const openImageio = async (parts: ImageioParts): Promise<OpenImageio> => {
  const { config, clock, pki, ports } = parts;
  await using stack = new AsyncDisposableStack();
  const hosts = new Map<string, ImageioDaemon>();
  for (const host of config.hosts) {
    const identity = pki.hosts.get(host.name);
    if (identity === undefined) continue;
    const unixSocket = `\0${unixSocketOf(host, parts.stateDir)}`;
    const port = ports.hosts[host.name] ?? 0;
    const meddling = meddlingAt(parts, host.name);
    const daemon = stack.use(await openHostDaemon({ identity, clock, unixSocket, port, meddling }));
    hosts.set(parts.idOf(host.name), daemon);
  }
  const proxy = config.proxy
    ? stack.use(
        await openProxyDaemon({
          identity: pki.proxy,
          clock,
          hostCa: pki.internalCa,
          port: ports.proxy,
          meddling: meddlingAt(parts, "proxy"),
        }),
      )
    : undefined;
  const opened = stack.move();
  return {
    daemons: { hosts, ...(proxy === undefined ? {} : { proxy }) },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};
