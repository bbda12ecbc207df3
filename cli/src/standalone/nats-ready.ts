import { connect } from "node:net";
import { once } from "node:events";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ChildProcess } from "@holdfast/shared/process/child-process";
import type { ReadyLine } from "@holdfast/shared/process/ready";
import { z } from "zod";

/** The nats-server to wait for: another program may sit on the port, so the server's name must answer too. */
export interface NatsIdentity {
  /** Loopback unless told. */
  readonly host?: string;
  readonly port: number;
  readonly serverName: string;
}

const tryEveryMs = 50;
const readyWithinMs = 15_000;
const answerWithinMs = 1_000;

/** Waits until the nats-server that was started answers on its port; it has no ready line of its own. */
export const untilNatsServes = async (
  child: Pick<ChildProcess, "exit">,
  { host = "127.0.0.1", port, serverName }: NatsIdentity,
  clock: Clock,
  signal: AbortSignal,
): Promise<ReadyLine> => {
  const untilMs = clock.monotonicMs() + readyWithinMs;
  while (clock.monotonicMs() < untilMs) {
    if (child.exit !== undefined)
      throw new HoldfastError("UNAVAILABLE", `nats-server ended with code ${child.exit.code} before it served`);
    if ((await askServerName(port, clock, host)) === serverName) return { ready: true, address: `${host}:${port}` };
    await clock.sleep(tryEveryMs, signal);
  }
  throw new HoldfastError("TIMEOUT", `nats-server did not serve on port ${port} in time`);
};

/** The name that whoever listens on a port greets with, before any TLS; undefined for nobody, or nobody who speaks NATS. */
export const askServerName = async (port: number, clock: Clock, host = "127.0.0.1"): Promise<string | undefined> => {
  const socket = connect({ host, port });
  try {
    const [greeting] = (await once(socket, "data", { signal: clock.timeout(answerWithinMs) })) as [Buffer];
    return parseServerName(greeting.toString("utf8"));
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
};

const greetingSchema = z.object({ server_name: z.string() });

/** A NATS server greets every connection with `INFO` and one line of JSON. */
const parseServerName = (greeting: string): string | undefined => {
  const line = /^INFO (\{.*\})/.exec(greeting)?.[1];
  if (line === undefined) return undefined;
  try {
    return greetingSchema.safeParse(JSON.parse(line)).data?.server_name;
  } catch {
    return undefined;
  }
};
