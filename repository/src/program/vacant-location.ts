import { readdir } from "node:fs/promises";
import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { descriptorName } from "../store/object-names.ts";
import { openObjectStore } from "../store/open-object-store.ts";
import { parseLocation, type StoreLocation } from "../store/store-location.ts";

/** True for a folder that has nothing in it or does not exist, and for a bucket without a repository under its prefix. */
export const isVacant = async (location: StoreLocation): Promise<boolean> => {
  const place = parseLocation(location);
  if (place.kind === "folder") return await isEmptyOrAbsent(place.path);
  await using objects = await openObjectStore(location);
  try {
    await objects.sizeOf(descriptorName);
    return false;
  } catch (caught) {
    if (hasCode(caught, "NOT_FOUND")) return true;
    throw caught;
  }
};

const isEmptyOrAbsent = async (directory: string): Promise<boolean> => {
  try {
    return (await readdir(directory)).length === 0;
  } catch (caught) {
    if (caught instanceof Error && "code" in caught && caught.code === "ENOENT") return true;
    throw new HoldfastError("IO_FAILED", `cannot look into ${directory}`, { cause: caught });
  }
};
