import { derivedUuid } from "@holdfast/shared/ids/ids";

import type { TemplateConfig } from "../config/schema.ts";
import type { Engine } from "../engine/engine.ts";
import { markBootDisk } from "../guest/guest-marker.ts";
import { defined } from "../model/defined.ts";
import { type Template, type TemplateNic, blankTemplateId } from "../model/inventory.ts";
import { addConfiguredDisk } from "./configured-disk.ts";
import { byName } from "./configured-vm.ts";

const idOf = (engine: Engine, { id, name, version }: TemplateConfig): string =>
  id ?? derivedUuid("simulator", engine.config.name, "template", version === 1 ? name : `${name}/${version}`);

const nicsOf = (engine: Engine, template: TemplateConfig, templateId: string): readonly TemplateNic[] => {
  const [firstProfile] = engine.world.vnicProfiles.values();
  return template.nics.map(({ id, name, profile }) => ({
    id: id ?? derivedUuid("simulator", "nic", templateId, name),
    name,
    ...defined({ vnicProfileId: (byName(engine.world.vnicProfiles, profile) ?? firstProfile)?.id }),
  }));
};

const disksOf = async (
  engine: Engine,
  template: TemplateConfig,
  templateId: string,
  directory: string,
): Promise<readonly string[]> => {
  const diskIds: string[] = [];
  for (const [index, disk] of template.disks.entries()) {
    const owner = { key: templateId, name: `${template.name}_Disk${index + 1}`, ofTemplate: true };
    const wanted = { ...disk, storageDomain: disk.storageDomain ?? template.storageDomain };
    const made = await addConfiguredDisk(engine, wanted, owner, directory);
    if (index === 0 && template.guest === "agent") await markBootDisk(engine.storage, made.imageId);
    diskIds.push(made.id);
  }
  return diskIds;
};

const addTemplate = async (engine: Engine, wanted: TemplateConfig, directory: string): Promise<void> => {
  const { world } = engine;
  const id = idOf(engine, wanted);
  const { name, version, guest, status, description } = wanted;
  const base = [...world.templates.values()].find((one) => one.name === name);
  const row: Template = {
    id,
    name,
    version,
    status,
    description,
    diskIds: await disksOf(engine, wanted, id, directory),
    memoryBytes: wanted.memory,
    nics: nicsOf(engine, wanted, id),
    ...defined({ guest, clusterId: byName(world.clusters, wanted.cluster)?.id, baseTemplateId: base?.id }),
  };
  world.templates.set(id, row);
};

/** Makes the templates of the configuration: Blank, and those with disks; older versions come first. */
export const addTemplates = async (engine: Engine, directory: string): Promise<void> => {
  const { world, config } = engine;
  world.templates.set(blankTemplateId, { id: blankTemplateId, name: "Blank", diskIds: [], memoryBytes: 2 ** 30 });
  const ordered = config.templates.toSorted((one, other) => one.version - other.version);
  for (const template of ordered) await addTemplate(engine, template, directory);
  engine.save();
};
