/** How far an operation is; `total` 0 when that is not known. */
export interface MaintenanceProgress {
  /** In words: verifying, collecting. */
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  /** What is counted: `bytes`, `packs`, `chunks`, `points`. */
  readonly unit: string;
}

/** Progress of sessions of maintenance, in memory only. */
export interface MaintenanceBoard {
  tell(sessionId: string, progress: MaintenanceProgress): void;
  /** Notes that something was done at that time: it is since then that a repository is away. */
  worked(sessionId: string, atMs: number): void;
  /** When something was done last; 0 for never. */
  workedMs(sessionId: string): number;
  of(sessionId: string): MaintenanceProgress | undefined;
  forget(sessionId: string): void;
}

export const createMaintenanceBoard = (): MaintenanceBoard => {
  const entries = new Map<string, MaintenanceProgress>();
  const worked = new Map<string, number>();
  return {
    tell: (sessionId, progress) => {
      entries.set(sessionId, progress);
    },
    worked: (sessionId, atMs) => {
      worked.set(sessionId, atMs);
    },
    workedMs: (sessionId) => worked.get(sessionId) ?? 0,
    of: (sessionId) => entries.get(sessionId),
    forget: (sessionId) => {
      entries.delete(sessionId);
      worked.delete(sessionId);
    },
  };
};
