import { type ErrorCode, traitsOf } from "@holdfast/shared/errors/codes";

/** Codes that these commands end with, for the help text; their exit codes are those of the table of codes. */
const shown: readonly ErrorCode[] = [
  "INVALID_ARGUMENT",
  "POINT_HURT",
  "EXPORT_INCOMPLETE",
  "CHUNK_DAMAGED",
  "CHUNK_MISSING",
  "REPOSITORY_DAMAGED",
  "POINT_NOT_FOUND",
  "NOT_FOUND",
  "UNAVAILABLE",
  "INTERNAL",
  "ALREADY_EXISTS",
  "IO_FAILED",
  "REPOSITORY_NOT_OWNED",
  "KEY_MISSING",
  "KEY_WRONG",
  "CONFIG_INVALID",
  "STORE_UNREACHABLE",
  "STORE_DENIED",
  "STORE_UNFIT",
  "CANCELLED",
];

/** The end of `--help`: examples and exit codes. */
export const helpEpilogue = (): string => {
  const codes = shown.map((code) => `  ${String(traitsOf(code).exit).padEnd(4)}${code}: ${traitsOf(code).meaning}`);
  return [
    "",
    "Examples:",
    "  holdfast-repository init /srv/backup",
    "  holdfast-repository list /srv/backup",
    "  holdfast-repository show /srv/backup POINT -o json",
    "  holdfast-repository verify /srv/backup --vm web-1 --since 7d",
    "  holdfast-repository export /srv/backup POINT --disk root --to root.raw",
    "  holdfast-repository export /srv/backup POINT --all --to /tmp/vm --format qcow2 --resume",
    "  holdfast-repository export /srv/backup --vm web-1 --all --to /tmp/vm --skip-damaged -o json",
    "  holdfast-repository configuration export /srv/backup --to installation.hfcf",
    "  holdfast-repository gc /srv/backup --dry-run",
    "  holdfast-repository init /srv/backup --encrypt --password-file password",
    "  holdfast-repository key change-password /srv/backup --password-file old --new-password-file new",
    "  holdfast-repository serve --dir /srv/backup --index /var/cache/holdfast/index.sqlite --listen 127.0.0.1:7010",
    "  holdfast-repository init 's3://bucket/prefix?endpoint=https://s3.example.org&credentialsFile=/etc/holdfast/s3'",
    "",
    "list, show, verify, export and gc --dry-run need no server and disturb none: they only read. A bucket's key is in the",
    "file of credentialsFile or in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, never on the command line.",
    "",
    "Exit codes:",
    "  0   done",
    ...codes,
  ].join("\n");
};
