import type { BuildOperations } from "./builds.ts";
import type { CaptureOperations } from "./captures.ts";
import type { EventOperations } from "./events.ts";
import type { InventoryReader } from "./inventory.ts";
import type { MachineOperations } from "./machines.ts";
import type { RightsReader } from "./rights.ts";
import type { SnapshotOperations } from "./snapshots.ts";
import type { Survey, SurveyScope } from "./survey.ts";
import type { TransferOperations } from "./transfers.ts";

/** What a login is, `user@profile`, and its password. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Whether the engine takes our login. After `credentials-refused` nothing is asked of the engine until `useCredentials`
 * (R14); whoever keeps managers persists it and hands it back at the next start.
 */
export type LoginState =
  | { readonly state: "not-logged-in" }
  | { readonly state: "logged-in" }
  | { readonly state: "credentials-refused"; readonly reason: string };

/** Calls that were sent to an engine, answered or not, since it was opened. */
export interface CallCounts {
  readonly total: number;
  /** Of them, logins. */
  readonly logins: number;
}

/**
 * One oVirt Manager in our words. Every method fails with a HoldfastError: ENGINE_UNREACHABLE, ENGINE_UNTRUSTED,
 * ENGINE_CREDENTIALS_REFUSED, ENGINE_PROTOCOL, ENGINE_CONFLICT (busy now), ENGINE_FAULT (refused; the engine's words are in
 * the message), ENGINE_FORBIDDEN, and what each method names itself; an aborted signal rejects with its reason.
 * Reads are repeated inside when the answer is lost (`isAnswerLost`); what changes something is repeated inside only where
 * doing it twice is doing it once. Conflicts are left to the caller, who knows how long it may wait.
 */
export interface Hypervisor
  extends
    InventoryReader,
    EventOperations,
    CaptureOperations,
    SnapshotOperations,
    TransferOperations,
    BuildOperations,
    MachineOperations,
    RightsReader,
    AsyncDisposable {
  loginState(): LoginState;
  /** New credentials: ends `credentials-refused`; the next call logs in with them, once. */
  useCredentials(credentials: Credentials): void;
  calls(): CallCounts;
  /** Everything that may be of an installation, for the janitor; reads only. */
  survey(scope: SurveyScope, signal: AbortSignal): Promise<Survey>;
}
