import { once } from "node:events";
import { connect, createServer, type NetConnectOpts, type Socket } from "node:net";

/** Passes connections on to a server, and cuts or refuses them where a story wants it. Addresses are `unix:/path` or `127.0.0.1:port`. */
export interface Relay extends AsyncDisposable {
  readonly address: string;
  /**
   * Connections that are opened from now on get no more answers once `happened` says so: what was sent arrives, what is answered
   * does not. It is asked before each answer is passed on, so that the first one to be lost is the one that tells what happened.
   * It is told the bytes that were answered on these connections so far. Resolves then.
   */
  readonly swallowAnswersOnce: (happened: (answeredBytes: number) => boolean) => Promise<void>;
  /** Cuts the connections whose answers are being swallowed; later ones are served again. */
  readonly cutSwallowed: () => void;
  /** Cuts all connections, and those to come at once, until it is told otherwise. */
  readonly setRefusing: (isRefusing: boolean) => void;
  readonly connections: number;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  readonly trap: Trap | undefined;
}

interface Trap {
  readonly happened: (answeredBytes: number) => boolean;
  readonly sprung: () => void;
  isSprung: boolean;
  answeredBytes: number;
}

/** Opens a relay before a server; port 0 is a free one. */
export const openRelay = async (listen: string, target: string): Promise<Relay> => {
  const pairs = new Set<Pair>();
  let trap: Trap | undefined;
  let isRefusing = false;
  const isSwallowed = (pair: Pair, bytes: number): boolean => {
    if (pair.trap === undefined) return false;
    pair.trap.answeredBytes += bytes;
    if (!pair.trap.isSprung && pair.trap.happened(pair.trap.answeredBytes)) {
      pair.trap.isSprung = true;
      trap = undefined;
      pair.trap.sprung();
    }
    return pair.trap.isSprung;
  };
  const server = createServer((near) => {
    if (isRefusing) {
      near.destroy();
      return;
    }
    const pair: Pair = { near, far: connect(toSocketAddress(target)), trap };
    pairs.add(pair);
    join(pair, () => pairs.delete(pair));
    near.on("data", (bytes) => passOn(bytes, near, pair.far));
    pair.far.on("data", (bytes) => {
      if (!isSwallowed(pair, bytes.byteLength)) passOn(bytes, pair.far, near);
    });
  });
  server.listen(toSocketAddress(listen));
  await once(server, "listening");
  const bound = server.address();

  const cut = (isChosen: (pair: Pair) => boolean): void => {
    for (const pair of [...pairs].filter(isChosen)) pair.near.destroy();
  };
  return {
    address: typeof bound === "object" && bound !== null ? `127.0.0.1:${bound.port}` : listen,
    swallowAnswersOnce: (happened) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      trap = { happened, sprung: resolve, isSprung: false, answeredBytes: 0 };
      return promise;
    },
    cutSwallowed: () => cut((pair) => pair.trap?.isSprung === true),
    setRefusing: (isNowRefusing) => {
      isRefusing = isNowRefusing;
      if (isRefusing) cut(() => true);
    },
    get connections() {
      return pairs.size;
    },
    [Symbol.asyncDispose]: async () => {
      cut(() => true);
      server.close();
      await once(server, "close");
    },
  };
};

/** Each end closes with the other. */
const join = ({ near, far }: Pair, onClosed: () => void): void => {
  const close = (): void => {
    near.destroy();
    far.destroy();
    onClosed();
  };
  for (const socket of [near, far]) socket.on("error", close).on("close", close);
};

/** Writes and holds the sender back while the receiver is full. */
const passOn = (bytes: Buffer, from: Socket, to: Socket): void => {
  if (to.write(bytes)) return;
  from.pause();
  to.once("drain", () => from.resume());
};

const toSocketAddress = (address: string): NetConnectOpts & { path?: string; port?: number } => {
  if (address.startsWith("unix:")) return { path: address.slice("unix:".length) };
  const { hostname, port } = new URL(`tcp://${address}`);
  return { host: hostname, port: Number(port) };
};
