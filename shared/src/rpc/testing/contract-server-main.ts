import { type Identity, holdIdentity } from "../../identity/identity.ts";
import { untilAborted } from "../../lifecycle/abort.ts";
import { runMain } from "../../lifecycle/run-main.ts";
import { announceReady } from "../../process/ready.ts";
import { serverCredentials } from "../credentials.ts";
import { openRpcServer } from "../server.ts";
import { contractService } from "./contract-service.ts";

// The contract served by a process of its own, so that tests can kill and stop it.
await runMain("contract-server", async (signal, log) => {
  const { served } = contractService();
  const identity = JSON.parse(process.env["CONTRACT_IDENTITY"] ?? "") as Identity;
  const credentials = serverCredentials(holdIdentity(identity), { asksForCertificates: true });
  await using server = await openRpcServer({
    listen: "127.0.0.1:0",
    services: [served],
    credentials,
    log,
    drainMs: 100,
  });
  announceReady({ address: server.address });
  await untilAborted(signal);
});
