import type { ServiceDeps } from "./deps.ts";
import { examine } from "../doctor/examine.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { commit } from "./commit.ts";
import { confirmClock } from "./confirm-clock.ts";
import { fence } from "./fence.ts";
import { findMissing } from "./find-missing.ts";
import { getConfiguration } from "./get-configuration.ts";
import { getKeys } from "./get-keys.ts";
import { getPoint } from "./get-point.ts";
import { getRepository } from "./get-repository.ts";
import { getTrust } from "./get-trust.ts";
import { listConfigurations } from "./list-configurations.ts";
import { listPoints } from "./list-points.ts";
import { openReading } from "./open-reading.ts";
import { openUpload } from "./open-upload.ts";
import { putConfiguration } from "./put-configuration.ts";
import { protectPoint } from "./protect-point.ts";
import { putKeys } from "./put-keys.ts";
import { putRecords } from "./put-records.ts";
import { readDisk } from "./read-disk.ts";
import { readUnchecked } from "./read-unchecked.ts";
import { readLeaves } from "./read-leaves.ts";
import { removePoint } from "./remove-point.ts";
import type { Calls } from "./types.ts";
import { undeletePoint } from "./undelete-point.ts";
import { updateTrust } from "./update-trust.ts";
import { vouch } from "./vouch.ts";
import { verifyPoint } from "./verify-point.ts";
import { verifyRepository } from "./verify-repository.ts";
import { getStatistics } from "./get-statistics.ts";
import { listHurt } from "./list-hurt.ts";

/** Everything that answers the repository's calls; docs/design/repository-protocol.md says what each promises. */
export const repositoryCalls = (deps: ServiceDeps): Calls => ({
  getRepository: getRepository(deps),
  examine: examine(deps),
  openUpload: openUpload(deps),
  findMissing: findMissing(deps),
  putRecords: putRecords(deps),
  commit: commit(deps),
  fence: fence(deps),
  openReading: openReading(deps),
  readLeaves: readLeaves(deps),
  readDisk: readDisk(deps),
  listPoints: listPoints(deps),
  getPoint: getPoint(deps),
  removePoint: removePoint(deps),
  updateTrust: updateTrust(deps),
  verifyPoint: verifyPoint(deps),
  putConfiguration: putConfiguration(deps),
  listConfigurations: listConfigurations(deps),
  getConfiguration: getConfiguration(deps),
  getTrust: getTrust(deps),
  protectPoint: protectPoint(deps),
  undeletePoint: undeletePoint(deps),
  confirmClock: confirmClock(deps),
  verifyRepository: verifyRepository(deps),
  listHurt: listHurt(deps),
  getStatistics: getStatistics(deps),
  collectGarbage: collectGarbage(deps),
  getKeys: getKeys(deps),
  putKeys: putKeys(deps),
  readUnchecked: readUnchecked(deps),
  vouch: vouch(deps),
});
