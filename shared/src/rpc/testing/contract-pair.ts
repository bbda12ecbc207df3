import { ContractService } from "@holdfast/proto/holdfast/contract/v1/contract_pb";
import { type MemoryLogger, memoryLogger } from "../../logging/memory-logger.ts";
import { testInstallation } from "../../identity/testing/test-installation.ts";
import { openRpcClient, type RpcClient } from "../client.ts";
import type { ServiceClient } from "../client-types.ts";
import { clientCredentials, serverCredentials } from "../credentials.ts";
import { openRpcServer, type RpcServer, type RpcServerOptions } from "../server.ts";
import { type ContractRecord, contractService } from "./contract-service.ts";

/** A served contract and a client of it, in one process. */
export interface ContractPair extends AsyncDisposable {
  readonly server: RpcServer;
  readonly client: RpcClient;
  readonly contract: ServiceClient<typeof ContractService>;
  readonly record: ContractRecord;
  readonly log: MemoryLogger;
}

/** Opens both ends of the contract on a free loopback port, or where `options` say. */
export const openContractPair = async (options: Partial<RpcServerOptions> = {}): Promise<ContractPair> => {
  const { served, record } = contractService();
  const log = memoryLogger();
  const { hold, identity } = await testInstallation();
  const credentials = serverCredentials(await hold("repository", "r1"), { asksForCertificates: true });
  const server = await openRpcServer({
    listen: "127.0.0.1:0",
    services: [served],
    credentials,
    log,
    drainMs: 50,
    ...options,
  });
  const client = openRpcClient(
    server.address,
    clientCredentials(await identity("agent", "a1"), { role: "repository" }),
  );

  return {
    server,
    client,
    contract: client.service(ContractService),
    record,
    log,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
};
