import { EventEmitter } from "node:events";
import type { ServerHttp2Session } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import { flowWindowBytes } from "./limits.ts";

/**
 * Lets a server of grpc-js take more than HTTP/2's 64 KiB at a time. The library raises windows in clients only and has
 * no option for servers, so the settings that it hands to http2 are completed before it binds.
 */
export const widenStreamWindows = (server: Server): void => {
  const options: unknown = Reflect.get(server, "commonServerOptions");
  if (typeof options !== "object" || options === null) throw changed("commonServerOptions");

  const settings: unknown = Reflect.get(options, "settings");
  const widened = { ...(typeof settings === "object" ? settings : {}), initialWindowSize: flowWindowBytes };
  Reflect.set(options, "settings", widened);
};

/** Widens the window of every connection that the bound server accepts from now on. */
export const widenConnectionWindows = (server: Server): void => {
  const servers: unknown = Reflect.get(server, "http2Servers");
  if (!(servers instanceof Map)) throw changed("http2Servers");

  for (const http2Server of servers.keys()) {
    if (!(http2Server instanceof EventEmitter)) throw changed("http2Servers");
    http2Server.on("session", (session: ServerHttp2Session) => {
      session.setLocalWindowSize(flowWindowBytes);
    });
  }
};

const changed = (name: string): Error => new Error(`grpc-js has no ${name} any more: server windows cannot be widened`);
