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
  of(sessionId: string): MaintenanceProgress | undefined;
  forget(sessionId: string): void;
}

export const createMaintenanceBoard = (): MaintenanceBoard => {
  const entries = new Map<string, MaintenanceProgress>();
  return {
    tell: (sessionId, progress) => {
      entries.set(sessionId, progress);
    },
    of: (sessionId) => entries.get(sessionId),
    forget: (sessionId) => {
      entries.delete(sessionId);
    },
  };
};
