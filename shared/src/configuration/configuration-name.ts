/** The folder of all configurations in a repository. */
export const configurationsFolder = "configurations";

/** Which configuration an object is. */
export interface ConfigurationKey {
  readonly installationId: string;
  readonly number: number;
}

/** Highest number that a name can have. */
export const highestConfigurationNumber = 0xffff_ffff;

/** The folder of one installation's configurations. */
export const configurationFolder = (installationId: string): string => `${configurationsFolder}/${installationId}`;

/** The object's name (repository-format.md §9). */
export const configurationName = ({ installationId, number }: ConfigurationKey): string =>
  `${configurationFolder(installationId)}/${number.toString(16).padStart(8, "0")}`;

/** What a name says; undefined for other names. */
export const parseConfigurationName = (name: string): ConfigurationKey | undefined => {
  const [, installationId, digits] = /^configurations\/([0-9a-z]{1,32})\/([0-9a-f]{8})$/.exec(name) ?? [];
  const number = Number.parseInt(digits ?? "", 16);
  return installationId === undefined || !(number > 0) ? undefined : { installationId, number };
};
