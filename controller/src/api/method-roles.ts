import { type UserRole, userRoles } from "@holdfast/shared/identity/user-token";

/** Who may call a method: a role and those above it, or anybody, who proves himself otherwise or learns nothing. */
export type LeastRole = UserRole | "anybody";

const ours = "holdfast.controller.v1.";

/** The least role of every method of ours; what is not here may be called by nobody. */
const leastRoles: Readonly<Record<string, Readonly<Record<string, LeastRole>>>> = {
  [`${ours}SystemService`]: { GetVersion: "viewer" },
  [`${ours}ManagerService`]: {
    ProbeManager: "admin",
    AddManager: "admin",
    ListManagers: "viewer",
    GetManager: "viewer",
    EditManager: "admin",
    CompareManager: "admin",
    TrustManager: "admin",
    RemoveManager: "admin",
    TestManager: "operator",
  },
  [`${ours}InventoryService`]: { ListVms: "viewer", GetVm: "viewer", EnableTracking: "operator" },
  [`${ours}RepositoryRegistryService`]: {
    AddRepository: "admin",
    ListRepositories: "viewer",
    GetRepository: "viewer",
    RemoveRepository: "admin",
    GetKeyStatus: "viewer",
    UnlockRepository: "admin",
    ChangePassword: "admin",
    RotateKey: "admin",
    ConfirmRepositoryClock: "admin",
    VerifyRepository: "operator",
    CollectGarbage: "operator",
    CopyPoints: "operator",
    RescanRepository: "operator",
    GetStatistics: "viewer",
    ListHurtPoints: "viewer",
  },
  [`${ours}AgentService`]: { ListAgents: "viewer", GetAgent: "viewer" },
  [`${ours}WorkerService`]: {
    AddWorker: "admin",
    ListWorkers: "viewer",
    GetWorker: "viewer",
    EditWorker: "admin",
    TestWorker: "operator",
    EnableWorker: "operator",
    DisableWorker: "operator",
    RemoveWorker: "admin",
  },
  [`${ours}JobService`]: {
    CreateJob: "operator",
    ListJobs: "viewer",
    GetJob: "viewer",
    EditJob: "operator",
    SetJobEnabled: "operator",
    RemoveJob: "operator",
    RunJob: "operator",
    PlanJob: "viewer",
  },
  [`${ours}SessionService`]: {
    ListSessions: "viewer",
    GetSession: "viewer",
    WatchSession: "viewer",
    StopSession: "operator",
    CancelSession: "operator",
  },
  [`${ours}PointService`]: {
    ListPoints: "viewer",
    GetPoint: "viewer",
    RemovePoint: "operator",
    UndeletePoint: "operator",
    ProtectPoint: "operator",
    UnprotectPoint: "operator",
    GrantReading: "operator",
    VerifyPoint: "operator",
  },
  [`${ours}RestoreService`]: { PlanRestore: "viewer", RestoreVm: "operator", RestoreDisk: "operator" },
  [`${ours}RecoveryService`]: { SetRecoveryKey: "admin", GetRecovery: "viewer" },
  [`${ours}DoctorService`]: { Examine: "viewer" },
  [`${ours}IdentityService`]: {
    Enroll: "anybody",
    Renew: "anybody",
    GetTrust: "anybody",
    Invite: "admin",
    ListMembers: "viewer",
    RevokeMember: "admin",
    CreateUserToken: "admin",
    ListUserTokens: "admin",
    RevokeUserToken: "admin",
  },
  "grpc.health.v1.Health": { Check: "anybody", Watch: "anybody", List: "anybody" },
  "grpc.reflection.v1.ServerReflection": { ServerReflectionInfo: "viewer" },
};

/** The least role of `package.Service/Method`; undefined for a method that nobody may call. */
export const leastRoleOf = (method: string): LeastRole | undefined => {
  const [service = "", name = ""] = method.split("/");
  const methods = Object.hasOwn(leastRoles, service) ? leastRoles[service] : undefined;
  return methods !== undefined && Object.hasOwn(methods, name) ? methods[name] : undefined;
};

/** Whether a role includes another. */
export const includesRole = (role: UserRole, least: UserRole): boolean =>
  userRoles.indexOf(role) >= userRoles.indexOf(least);
