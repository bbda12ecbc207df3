import type { Repository, StoreCalls } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { tableText } from "../output/output.ts";
import { bytesText, timeText } from "../output/units.ts";

/** What the repository's server asked of its storage, and how it was answered; nothing where that is not known. */
export const storeCallsText = ({ storeCalls, storeCallsSinceMs }: Repository): readonly string[] => {
  if (storeCalls.length === 0) return [];
  const sum = (count: (one: StoreCalls) => bigint): bigint => storeCalls.reduce((total, one) => total + count(one), 0n);
  const [calls, failures, retries] = [sum((one) => one.calls), sum((one) => one.failures), sum((one) => one.retries)];
  return [
    `storage since ${timeText(storeCallsSinceMs)}: ${calls} calls, ${failures} failed, ${retries} were repetitions`,
    tableText(
      ["call", "calls", "failed", "repeated", "sent", "received", "mean", "slowest"],
      storeCalls.map((one) => [
        one.kind,
        String(one.calls),
        String(one.failures),
        String(one.retries),
        bytesText(one.sentBytes),
        bytesText(one.receivedBytes),
        latencyText(one.calls === 0n ? 0 : one.totalMs / Number(one.calls)),
        latencyText(one.slowestMs),
      ]),
    ),
  ];
};

/** Milliseconds below a second, with one digit where they are few. */
const latencyText = (ms: number): string => {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
};
