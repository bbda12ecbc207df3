/** Where an image is served and the permission to it. Passes between threads; never logged: the path is the permission (R12). */
export interface ImageEndpoint {
  /** `https://host:port`; harmless by itself. */
  readonly origin: string;
  /** `/images/<ticket>`. */
  readonly ticketPath: string;
  /** PEM of the only anchor that may have signed the server's certificate. */
  readonly anchorPem: string;
  /** imageio's unix socket, when it is taken instead of the origin; a leading NUL means an abstract one. */
  readonly socketPath?: string;
  /** Milliseconds of silence after which a connection asks something, which keeps the ticket alive; 15 s unless told. */
  readonly restMs?: number;
  /** Its server knows no OPTIONS, so that reading one byte is what keeps the ticket alive. */
  readonly restsByReading?: boolean;
}

/** Takes an URL of a transfer apart. */
export const toEndpoint = (url: string, anchorPem: string): ImageEndpoint => {
  const { origin, pathname } = new URL(url);
  return { origin, ticketPath: pathname, anchorPem };
};

/** The host that an endpoint is on, without its port. */
export const hostOf = (endpoint: ImageEndpoint): string => new URL(endpoint.origin).hostname;

/** An endpoint's server, for messages. */
export const placeOf = (endpoint: ImageEndpoint): string =>
  endpoint.socketPath === undefined ? endpoint.origin : "imageio's unix socket";

/** A server's words without the ticket in them. */
export const withoutTicket = (text: string, endpoint: ImageEndpoint): string => {
  const ticket = endpoint.ticketPath.split("/").at(-1) ?? "";
  return ticket === "" ? text : text.replaceAll(ticket, "[ticket]");
};
