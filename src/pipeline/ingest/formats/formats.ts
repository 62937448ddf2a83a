import type { InputFormat } from '#pipeline/ingest/format.ts';
import { BOX_AND_SCHEDULE_FORMATS } from './box-and-schedule-formats.ts';
import { MARKET_AND_PAYLOAD_FORMATS } from './market-and-payload-formats.ts';

/** Every format that ingest recognises. No two of them accept one file. */
export const FORMATS: readonly InputFormat[] = [...BOX_AND_SCHEDULE_FORMATS, ...MARKET_AND_PAYLOAD_FORMATS];
