import type { Request, Response } from "../http/message.ts";
import { htmlPage } from "../http/message.ts";
import type { Pki } from "./pki.ts";

/** `pki-resource`: the internal CA, whatever signed the web server's own certificate. */
export const answerPkiResource = (pki: Pki, request: Request): Response => {
  const resource = request.query.get("resource");
  const format = request.query.get("format") ?? "X509-PEM";
  const known =
    resource === "ca-certificate" || resource === "qemu-ca-certificate" || resource === "engine-certificate";
  if (!known || !["X509-PEM", "X509-PEM-CA"].includes(format)) return htmlPage(400, "400 - Bad Request");
  return {
    kind: "answer",
    status: 200,
    headers: { "content-type": format === "X509-PEM-CA" ? "application/x-x509-ca-cert" : "application/x-pem-file" },
    body: resource === "engine-certificate" ? leafOf(pki.api.cert) : pki.internalCa,
  };
};

const endOfLeaf = "-----END CERTIFICATE-----\n";

/** The first certificate of a chain. */
const leafOf = (chain: string): string => chain.slice(0, chain.indexOf(endOfLeaf) + endOfLeaf.length);
