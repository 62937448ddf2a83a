import type { Slate } from '#core/calendar.ts';
import type { ForecastSystem } from './systems.ts';

/** A model ready to forecast, with what every row made by it must carry. */
export interface ServingModel {
  readonly modelId: string;
  /** SHA-256 of the artefact. */
  readonly modelHash: string;
  /** Slate; only rows before it were used in training. Never after the slate that is served. */
  readonly dataCutoff: string;
  /** Not re-entrant: one caller at a time. */
  readonly systems: readonly ForecastSystem[];
}

/** Where predictions get their model from. */
export interface ModelSource {
  /** The model for a slate: trained on rows before it only. Throws TIPOFF_NO_MODEL when there is none. */
  forSlate(slate: Slate): Promise<ServingModel>;
}
