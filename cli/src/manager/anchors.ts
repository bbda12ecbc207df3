import { readFile } from "node:fs/promises";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Certificate } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { CliContext } from "../context.ts";
import { factsText } from "../output/output.ts";

/** What the operator said beforehand about the two anchors. */
export interface AnchorOptions {
  readonly apiCa?: string;
  readonly imageioCa?: string;
  /** SHA-256 fingerprints that are trusted, with or without colons. */
  readonly fingerprint?: readonly string[];
}

interface ProbedAnchors {
  readonly api: Certificate | undefined;
  readonly imageio: Certificate | undefined;
}

/** Two PEM texts that the operator vouches for. */
interface TrustedAnchors {
  readonly apiAnchorPem: string;
  readonly imageioAnchorPem: string;
}

/**
 * Decides the two anchors: a file given beforehand, else a probed certificate whose fingerprint was given, else one that the
 * operator accepts on the terminal. Without a terminal and without an answer it refuses with ENGINE_UNTRUSTED.
 */
export const trustAnchors = async (
  context: CliContext,
  options: AnchorOptions,
  probe: () => Promise<ProbedAnchors>,
): Promise<TrustedAnchors> => {
  const fromFiles = {
    api: options.apiCa === undefined ? undefined : await readFile(options.apiCa, "utf8"),
    imageio: options.imageioCa === undefined ? undefined : await readFile(options.imageioCa, "utf8"),
  };
  if (fromFiles.api !== undefined && fromFiles.imageio !== undefined) {
    return { apiAnchorPem: fromFiles.api, imageioAnchorPem: fromFiles.imageio };
  }
  const probed = await probe();
  return {
    apiAnchorPem: fromFiles.api ?? (await acceptProbed(context, options, "the API", probed.api)),
    imageioAnchorPem:
      fromFiles.imageio ?? (await acceptProbed(context, options, "hosts and the imageio proxy", probed.imageio)),
  };
};

const acceptProbed = async (
  context: CliContext,
  options: AnchorOptions,
  role: string,
  certificate: Certificate | undefined,
): Promise<string> => {
  if (certificate === undefined)
    throw new HoldfastError("ENGINE_UNTRUSTED", `the manager showed no certificate that signs ${role}`);
  const known = (options.fingerprint ?? []).map(bareFingerprint);
  if (known.includes(bareFingerprint(certificate.sha256Fingerprint))) return certificate.pem;

  context.note(`The certificate that signs ${role}:\n${certificateText(certificate)}`);
  if (context.ask === undefined) {
    throw new HoldfastError(
      "ENGINE_UNTRUSTED",
      `nobody vouched for the certificate of ${role}: give --fingerprint ${certificate.sha256Fingerprint}, or the CA's file`,
    );
  }
  const answer = await context.ask("Trust it? [yes/no] ");
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new HoldfastError("ENGINE_UNTRUSTED", `the certificate of ${role} was not accepted`);
  return certificate.pem;
};

/** Subject, issuer, fingerprint and days left, one a line. */
export const certificateText = (certificate: Certificate): string =>
  factsText([
    ["  subject", certificate.subject],
    ["  issuer", certificate.issuer],
    ["  SHA-256", certificate.sha256Fingerprint],
    ["  days left", String(certificate.daysLeft)],
  ]);

const bareFingerprint = (text: string): string => text.replaceAll(":", "").toUpperCase();
