import { join } from "node:path";
import { ContractService } from "@holdfast/proto/holdfast/contract/v1/contract_pb";
import { systemClock } from "@holdfast/shared/clock/clock";
import { makeTestInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { startProcess } from "@holdfast/shared/process/child-process";
import { openRpcClient } from "@holdfast/shared/rpc/client";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";
import { maxPayloadBytes } from "@holdfast/shared/rpc/limits";
import { openDelayingProxy } from "@holdfast/shared/rpc/testing/delaying-proxy";
import { root } from "../harness/programs.ts";

// How fast one gRPC stream uploads through lines of several round trips, server and client as processes of their own.
// Run: node --conditions=source e2e/src/bench/uploads.ts

const MiB = 1024 * 1024;
const bytesByDelay = new Map([
  [0, 256 * MiB],
  [1, 128 * MiB],
  [5, 64 * MiB],
  [20, 32 * MiB],
]);

const installation = await makeTestInstallation();
const own = await installation.identity("agent", "bench");

await using server = await startProcess({
  name: "contract server",
  command: process.execPath,
  args: ["--conditions=source", join(root, "shared/src/rpc/testing/contract-server-main.ts")],
  env: { ...process.env, CONTRACT_IDENTITY: JSON.stringify(await installation.identity("repository", "bench")) },
});
const { address = "" } = await server.ready(30_000);

const upload = async (target: string, totalBytes: number): Promise<number> => {
  await using client = openRpcClient(target, clientCredentials(own, { role: "repository" }));
  const payload = Buffer.alloc(maxPayloadBytes, 7);
  const pieces = async function* () {
    for (let sent = 0; sent < totalBytes; sent += payload.byteLength) yield { payload };
  };
  const beganMs = systemClock.monotonicMs();
  const { sizeBytes } = await client.service(ContractService).collect(pieces());
  return Number(sizeBytes) / MiB / ((systemClock.monotonicMs() - beganMs) / 1000);
};

for (const [roundTripMs, totalBytes] of bytesByDelay) {
  if (roundTripMs === 0) {
    process.stdout.write(`direct: ${(await upload(address, totalBytes)).toFixed(0)} MiB/s\n`);
    continue;
  }
  await using proxy = await openDelayingProxy(address, roundTripMs / 2);
  process.stdout.write(
    `${roundTripMs} ms round trip: ${(await upload(proxy.address, totalBytes)).toFixed(0)} MiB/s, at most ${(proxy.mostUpBytes / MiB).toFixed(1)} MiB in flight\n`,
  );
}
