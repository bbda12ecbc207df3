import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import {
  GetSessionResponseSchema,
  type Session,
  SessionService,
} from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { create } from "@bufbuild/protobuf";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { withService } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { type GlobalOptions, emit } from "../output/output.ts";
import { isOver, plainLine, progressView } from "./progress.ts";
import { sessionText } from "./session-text.ts";

/** Exit code of `--wait` and `session watch` when the session ended with a warning; 1 when it failed or was cancelled. */
export const warningExit = 2;
const failedExit = 1;

/** `session watch` */
export const sessionWatch: CommandMaker = (context) =>
  verb("watch <session>", "Show a session's progress until it ends; the exit code tells the result", [
    "session watch k3v9x0c2m1qa",
  ]).action(async (sessionId: string, _options, command) => {
    await watchToEnd(context, optionsOf(command), sessionId);
  });

/** Shows progress until the session is over, prints it, and sets the exit code; survives a restart of the controller. */
export const watchToEnd = async (context: CliContext, options: GlobalOptions, sessionId: string): Promise<void> => {
  const session = await followSession(context, options, sessionId);
  emit(context, options, {
    schema: GetSessionResponseSchema,
    message: create(GetSessionResponseSchema, { session }),
    table: () => sessionText(session),
  });
  if (session.result === Result.WARNING) context.setExitCode(warningExit);
  else if (session.result !== Result.SUCCESS) context.setExitCode(failedExit);
};

/** Consecutive broken watches, a second apart, after which the controller counts as gone. */
const maxBreaks = 30;

const followSession = async (context: CliContext, options: GlobalOptions, sessionId: string): Promise<Session> => {
  using view = await openView(context, options);
  for (let breaks = 0; ; breaks += 1) {
    try {
      const last = await withService(context, options, SessionService, async (client) => {
        let newest: Session | undefined;
        for await (const { session } of client.watchSession({ sessionId }, { signal: context.signal })) {
          if (session === undefined) continue;
          newest = session;
          view.show(session);
          breaks = 0;
          if (isOver(session)) break;
        }
        return newest;
      });
      if (last !== undefined && isOver(last)) return last;
    } catch (caught) {
      if (!hasCode(caught, "UNAVAILABLE") || breaks >= maxBreaks) throw caught;
    }
    if (breaks >= maxBreaks)
      throw new HoldfastError("UNAVAILABLE", `the controller no longer tells about session ${sessionId}`);
    await context.clock.sleep(1000, context.signal);
  }
};

interface View extends Disposable {
  readonly show: (session: Session) => void;
}

const openView = async (context: CliContext, options: GlobalOptions): Promise<View> =>
  context.isTerminal && options.output === "table" ? await openLiveView() : openPlainView(context);

const openLiveView = async (): Promise<View> => {
  // Only terminals need it, and it is slow to load.
  const { createLogUpdate } = await import("log-update");
  const log = createLogUpdate(process.stderr, { showCursor: true });
  return {
    show: (session) => {
      log(progressView(session, process.stderr.columns || 100));
    },
    [Symbol.dispose]: () => {
      log.clear();
      log.done();
    },
  };
};

/** A line at each change of state, and otherwise one every few seconds. */
const plainEveryMs = 5000;

const openPlainView = (context: CliContext): View => {
  let shownState = "";
  let shownMs = 0;
  return {
    show: (session) => {
      const now = context.clock.monotonicMs();
      if (session.state === shownState && now - shownMs < plainEveryMs) return;
      shownState = session.state;
      shownMs = now;
      context.note(plainLine(session));
    },
    [Symbol.dispose]: () => {},
  };
};
