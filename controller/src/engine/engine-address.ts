import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/** Where an engine listens. */
export interface EngineAddress {
  /** `https://host:port`, what connections are made to. */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
}

/** Path under which everything of an engine lives. */
export const enginePath = "/ovirt-engine";

/**
 * Reads what an operator types: a host name, `https://host`, `https://host/ovirt-engine` or the API's own URL.
 * INVALID_ARGUMENT for anything else; plain http is not spoken.
 */
export const parseEngineAddress = (text: string): EngineAddress => {
  const withScheme = text.includes("://") ? text : `https://${text}`;
  if (!URL.canParse(withScheme)) throw invalid(text, "is not a URL");
  const url = new URL(withScheme);
  if (url.protocol !== "https:") throw invalid(text, "is not https");
  if (url.username !== "" || url.password !== "") throw invalid(`${url.host}${url.pathname}`, "carries a login");
  if (!/^\/(ovirt-engine(\/api)?\/?)?$/.test(url.pathname))
    throw invalid(text, "names another path than /ovirt-engine");
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { origin: url.origin, host, port: url.port === "" ? 443 : Number(url.port) };
};

const invalid = (text: string, why: string): HoldfastError =>
  new HoldfastError("INVALID_ARGUMENT", `the engine's address ${text} ${why}`);
