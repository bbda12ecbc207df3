const steps = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes for people: three significant digits in powers of 1,024, such as `1.50 GiB`. */
export const bytesText = (bytes: bigint | number): string => {
  let value = Number(bytes);
  let step = 0;
  while (value >= 1024 && step < steps.length - 1) {
    value /= 1024;
    step += 1;
  }
  const digits = step === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.max(value, 1))));
  return `${value.toFixed(digits)} ${steps[step] ?? "B"}`;
};

/** A span of time for people, its two largest units: `2 d 3 h`, `4 min 5 s`. */
export const spanText = (ms: bigint | number): string => {
  const seconds = Math.max(0, Math.round(Number(ms) / 1000));
  const parts = [
    { count: Math.floor(seconds / 86_400), unit: "d" },
    { count: Math.floor((seconds % 86_400) / 3600), unit: "h" },
    { count: Math.floor((seconds % 3600) / 60), unit: "min" },
    { count: seconds % 60, unit: "s" },
  ];
  const first = parts.findIndex((part) => part.count > 0);
  if (first === -1) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter((part) => part.count > 0)
    .map((part) => `${part.count} ${part.unit}`)
    .join(" ");
};

/** A UTC time to the second, or a dash for none (0). */
export const timeText = (epochMs: bigint | number): string => {
  const ms = Number(epochMs);
  if (ms === 0) return "-";
  // Times are stored in UTC and shown so; `-o json` has milliseconds.
  return new Intl.DateTimeFormat("sv-SE", { timeZone: "UTC", dateStyle: "short", timeStyle: "medium" })
    .format(ms)
    .concat("Z");
};

/** How many times smaller the second is than the first, such as `3.2×`; a dash where that says nothing. */
export const ratioText = (whole: bigint | number, part: bigint | number): string =>
  Number(part) === 0 || Number(whole) === 0 ? "-" : `${(Number(whole) / Number(part)).toFixed(1)}×`;
