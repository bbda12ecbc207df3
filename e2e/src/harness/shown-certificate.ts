import { connect } from "node:tls";
import { type CertificateFacts, readCertificate } from "@holdfast/shared/identity/certificates";
import type { Identity } from "@holdfast/shared/identity/identity";

/** What a server's certificate says on a new connection. */
export const certificateShownAt = async (
  address: string,
  { caPem, certificatePem, keyPem }: Identity,
): Promise<CertificateFacts> => {
  const [host = "", port = ""] = address.split(":");
  const where = address.startsWith("unix:") ? { path: address.slice("unix:".length) } : { host, port: Number(port) };
  const shown = Promise.withResolvers<Uint8Array>();
  const proof = { ca: caPem, cert: certificatePem, key: keyPem, ALPNProtocols: ["h2"] };
  const socket = connect({ ...where, ...proof, checkServerIdentity: () => undefined });
  socket.once("secureConnect", () => {
    shown.resolve(socket.getPeerCertificate().raw);
  });
  socket.on("error", shown.reject);
  try {
    return readCertificate(await shown.promise);
  } finally {
    socket.destroy();
  }
};
