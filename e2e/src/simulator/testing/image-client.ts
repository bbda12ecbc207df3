import { Agent, request } from "undici";

import type { Lab } from "./lab.ts";

/** One stretch of an image as the daemon tells it. */
export interface Extent {
  readonly start: number;
  readonly length: number;
  readonly zero: boolean;
  readonly dirty?: boolean;
}

/** A plain client of imageio for the simulator's own tests. */
export class ImageClient implements AsyncDisposable {
  readonly #agent: Agent;

  constructor(lab: Lab, ca: string = lab.imageioCa) {
    this.#agent = new Agent({ connect: { ca }, connections: 2 });
  }

  async get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number; body: Buffer }> {
    const response = await request(url, { dispatcher: this.#agent, headers });
    return { status: response.statusCode, body: Buffer.from(await response.body.arrayBuffer()) };
  }

  async options(url: string): Promise<string> {
    const response = await request(url, { dispatcher: this.#agent, method: "OPTIONS" });
    return response.body.text();
  }

  async extents(url: string, context: "zero" | "dirty"): Promise<readonly Extent[]> {
    const { status, body } = await this.get(`${url}/extents?context=${context}`);
    if (status !== 200) throw new Error(`extents: ${status} ${body.toString()}`);
    return JSON.parse(body.toString()) as Extent[];
  }

  async put(url: string, bytes: Buffer, offset: number): Promise<number> {
    const range = `bytes ${offset}-${offset + bytes.length - 1}/*`;
    const response = await request(`${url}?flush=y`, {
      dispatcher: this.#agent,
      method: "PUT",
      body: bytes,
      headers: { "content-range": range },
    });
    await response.body.dump();
    return response.statusCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.close();
  }
}
