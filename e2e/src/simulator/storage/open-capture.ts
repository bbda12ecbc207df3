import type { Capture, CaptureEnd, VolumeExport } from "./block-layer.ts";

/** A capture as the block layer keeps it. */
export interface OpenCapture extends Capture {
  /** See `BlockLayer.openCaptureExport`; `whole` leaves out the change tracking, and its faults. */
  openExport(diskId: string, view: CaptureView): Promise<VolumeExport>;
  /** Takes away all that the capture made; its exports are closed by then. */
  end(): Promise<readonly CaptureEnd[]>;
}

/** What is read of a captured disk: as the capture was asked for, or all of it. */
export type CaptureView = "asked" | "whole";
