/** How one NIC of a guest is to be configured. */
export interface NicConfiguration {
  /** Name of the device in the guest, such as `enp1s0`; the lab takes configurations in the order of the NICs. */
  readonly name: string;
  readonly onBoot: boolean;
  readonly protocol: "dhcp" | "static" | "none";
  readonly address?: string;
  readonly netmask?: string;
  readonly gateway?: string;
}

/** What cloud-init is told; passwords are taken and not kept. */
export interface Initialization {
  readonly hostName?: string;
  readonly userName?: string;
  readonly dnsServers?: string;
  readonly dnsSearch?: string;
  /** Body of a cloud-config, without its first line. */
  readonly customScript?: string;
  /** Further texts by the API's names, which change nothing. */
  readonly more?: Readonly<Record<string, string>>;
  readonly nics: readonly NicConfiguration[];
}
