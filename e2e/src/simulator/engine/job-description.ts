const known: Readonly<Record<string, string>> = {
  "POST /vms": "Creating VM",
  "DELETE /vms/:vm": "Removing VM",
  "POST /vms/:vm/start": "Launching VM",
  "POST /vms/:vm/stop": "Powering off VM",
  "POST /vms/:vm/shutdown": "Shutting down VM",
  "POST /vms/:vm/suspend": "Hibernating VM",
  "POST /vms/:vm/reboot": "Rebooting VM",
  "POST /vms/:vm/snapshots": "Creating VM Snapshot",
  "DELETE /vms/:vm/snapshots/:snapshot": "Removing Snapshot from VM",
  "POST /vms/:vm/backups": "Backing up VM",
  "POST /vms/:vm/backups/:backup/finalize": "Finalizing backup of VM",
  "DELETE /vms/:vm/checkpoints/:checkpoint": "Deleting checkpoint of VM",
  "POST /disks": "Adding Disk",
  "DELETE /disks/:disk": "Removing Disk",
  "POST /vms/:vm/diskattachments": "Attaching Disk to VM",
  "DELETE /vms/:vm/diskattachments/:disk": "Detaching Disk from VM",
  "POST /imagetransfers": "Transferring Disk",
};

/** What a job of this route is called; the wording is the simulator's. */
export const jobDescription = (name: string): string => known[name] ?? `Carrying out ${name}`;
