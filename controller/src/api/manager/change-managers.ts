import type { AddManagerRequest, EditManagerRequest } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { listJobs } from "../../database/jobs-table.ts";
import { listOpenTasks } from "../../database/tasks-table.ts";
import type { ManagerConnection } from "../../inventory/manager-connection.ts";
import type { ManagerDefinition } from "../../inventory/manager-registry.ts";
import type { ApiDeps } from "../api-deps.ts";

const nameForm = /^[^\s/][^/]{0,63}$/;

/** Pins the anchors given, logs in once, and keeps the manager. */
export const addManager = (
  deps: ApiDeps,
  request: AddManagerRequest,
  signal: AbortSignal,
): Promise<ManagerConnection> => {
  const { name, url, username, password, apiAnchorPem, imageioAnchorPem } = request;
  refuseBadName(name);
  if (password === "") throw new HoldfastError("INVALID_ARGUMENT", "a manager needs a password");
  refuseBadUsername(username);
  deps.engines.describeAnchor(apiAnchorPem);
  deps.engines.describeAnchor(imageioAnchorPem);
  return deps.managers.add({ name, url, username, password, apiAnchorPem, imageioAnchorPem }, signal);
};

/** Changes what is set. */
export const editManager = (
  deps: ApiDeps,
  request: EditManagerRequest,
  signal: AbortSignal,
): Promise<ManagerConnection> => {
  const { record } = deps.managers.get(request.manager);
  if (request.name !== undefined) refuseBadName(request.name);
  if (request.username !== undefined) refuseBadUsername(request.username);
  if (request.apiAnchorPem !== undefined) deps.engines.describeAnchor(request.apiAnchorPem);
  if (request.imageioAnchorPem !== undefined) deps.engines.describeAnchor(request.imageioAnchorPem);
  return deps.managers.edit(record.managerId, changeOf(request), signal);
};

/** Refused while jobs name its VMs or tasks are under way there, unless forced. */
export const removeManager = async (deps: ApiDeps, idOrName: string, force: boolean): Promise<void> => {
  const { record } = deps.managers.get(idOrName);
  const { queries } = deps.database;
  const jobs = (await listJobs(queries)).filter(({ vms }) =>
    vms.some(({ managerId }) => managerId === record.managerId),
  );
  const tasks = (await listOpenTasks(queries)).filter(({ managerId }) => managerId === record.managerId);
  if (!force && jobs.length > 0) {
    throw new HoldfastError(
      "FAILED_PRECONDITION",
      `jobs name VMs of manager ${record.name}: ${jobs.map(({ name }) => name).join(", ")}`,
    );
  }
  const workers = deps.roster.list().filter(({ definition }) => definition.managerId === record.managerId);
  if (workers.length > 0) {
    const names = workers.map(({ definition }) => definition.name).join(", ");
    throw new HoldfastError(
      "FAILED_PRECONDITION",
      `workers live on manager ${record.name}, remove them first: ${names}`,
    );
  }
  if (tasks.length > 0)
    throw new HoldfastError(
      "FAILED_PRECONDITION",
      `${tasks.length} tasks of manager ${record.name} are under way: cancel them first`,
    );
  await deps.managers.remove(record.managerId);
  deps.log.info("manager removed", { manager: record.managerId, name: record.name });
};

const refuseBadName = (name: string): void => {
  if (!nameForm.test(name))
    throw new HoldfastError("INVALID_ARGUMENT", "a manager needs a name of 1 to 64 characters without /");
};

const refuseBadUsername = (username: string): void => {
  if (/^.+@[^@]+$/.test(username)) return;
  throw new HoldfastError("INVALID_ARGUMENT", `a user name is user@profile, not ${JSON.stringify(username)}`);
};

const changeOf = (request: EditManagerRequest): Partial<ManagerDefinition> => ({
  ...(request.name === undefined ? {} : { name: request.name }),
  ...(request.url === undefined ? {} : { url: request.url }),
  ...(request.username === undefined ? {} : { username: request.username }),
  ...(request.password === undefined ? {} : { password: request.password }),
  ...(request.apiAnchorPem === undefined ? {} : { apiAnchorPem: request.apiAnchorPem }),
  ...(request.imageioAnchorPem === undefined ? {} : { imageioAnchorPem: request.imageioAnchorPem }),
});
