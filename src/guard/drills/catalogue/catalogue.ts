import type { Drill } from '#guard/drills/drill.ts';
import { ALARM_DRILLS } from './alarms.ts';
import { BATCH_DRILLS } from './batch.ts';
import { DATA_DRILLS } from './data.ts';
import { OPERATIONS_DRILLS } from './operations.ts';
import { PRODUCT_DRILLS } from './product.ts';

/** Every drill, in the order of the data. */
export const DRILLS: readonly Drill[] = [
  ...DATA_DRILLS,
  ...BATCH_DRILLS,
  ...PRODUCT_DRILLS,
  ...OPERATIONS_DRILLS,
  ...ALARM_DRILLS,
];
