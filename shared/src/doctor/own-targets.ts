import { addressOf, type Target } from "./target.ts";

/** The controller's API, at the addresses that a process was told. */
export const controllerTargets = (addresses: readonly string[]): readonly Target[] =>
  addresses.map((address) => ({
    subject: "controller",
    address,
    server: { kind: "peer", role: "controller" },
    // With several addresses one that answers will do, and each is still worth a look.
    whenAbsent: addresses.length > 1 ? "warning" : "error",
    advice: "start the controller, or let this machine reach it at that address",
  }));

const usualBusPort = 4222;

/** The servers of the bus, by the URLs that a process was told. */
export const busTargets = (servers: readonly string[]): readonly Target[] =>
  servers.map((server) => ({
    subject: "bus",
    address: busAddress(server),
    server: { kind: "peer", role: "bus" },
    whenAbsent: servers.length > 1 ? "warning" : "error",
    advice: "start nats-server there, or let this machine reach it at that address",
  }));

const busAddress = (server: string): string => {
  const url = URL.parse(server.includes("://") ? server : `nats://${server}`);
  if (url === null) return server;
  return addressOf(url.hostname.replace(/^\[(.*)\]$/, "$1"), url.port === "" ? usualBusPort : Number(url.port));
};
